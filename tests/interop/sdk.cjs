// SPDX-License-Identifier: MIT
//
// sdk.cjs PEER FILE: the official SDK reads what our program wrote, and our program what the SDK wrote; by account key and
// by SAS, each of the other's making. PEER is the program of peer.cpp, FILE describes the blobs.
"use strict";
const assert = require("node:assert/strict");
const { execFileSync } = require("node:child_process");
const { createHash, randomUUID } = require("node:crypto");
const { readFileSync } = require("node:fs");
const {
    BlobServiceClient, BlockBlobClient, ContainerClient, ContainerSASPermissions, SASProtocol,
} = require("@azure/storage-blob");

const [peerProgram, file] = process.argv.slice(2);
const peer = (...args) => execFileSync(peerProgram, args, { encoding: "utf8" }).trim();

function parse(line) {
    const d = { headers: {}, metadata: {}, tags: {}, size: 0, blocks: 0, fill: 0, tier: "" };
    const header = {
        type: "blobContentType", encoding: "blobContentEncoding", language: "blobContentLanguage",
        disposition: "blobContentDisposition", cache: "blobCacheControl",
    };
    for (const field of line.split("&")) {
        const equals = field.indexOf("=");
        const key = field.slice(0, equals);
        const value = decodeURIComponent(field.slice(equals + 1));
        if (key.startsWith("meta.")) d.metadata[key.slice(5)] = value;
        else if (key.startsWith("tag.")) d.tags[key.slice(4)] = value;
        else if (key in header) d.headers[header[key]] = value;
        else if (["size", "blocks", "fill"].includes(key)) d[key] = Number(value);
        else d[key] = value;
    }
    for (let n = Buffer.byteLength(d.name); n < d.fill; ++n) d.name += n % 101 === 100 ? "/" : "x";
    d.content = Buffer.alloc(d.size);
    for (let i = 0; i < d.size; ++i) d.content[i] = (131 * i + 7 * (i >> 8) + d.size) & 0xff;
    d.md5 = createHash("md5").update(d.content).digest();
    return d;
}

/// Without what is ours on blobs in blocks.
const ownMetadata = (metadata) =>
    Object.fromEntries(Object.entries(metadata ?? {}).filter(([name]) => name !== "blobshift_write_id"));

async function check(container, d, name) {
    const blob = container.getBlockBlobClient(name);
    const p = await blob.getProperties();
    const expected = {
        size: d.size, md5: d.md5.toString("hex"), type: d.headers.blobContentType ?? "application/octet-stream",
        encoding: d.headers.blobContentEncoding, language: d.headers.blobContentLanguage,
        disposition: d.headers.blobContentDisposition, cache: d.headers.blobCacheControl, metadata: d.metadata,
        tier: d.tier || "Hot", kind: "BlockBlob", tags: d.tags,
    };
    const found = {
        size: p.contentLength, md5: Buffer.from(p.contentMD5 ?? "").toString("hex"), type: p.contentType,
        encoding: p.contentEncoding || undefined, language: p.contentLanguage || undefined,
        disposition: p.contentDisposition || undefined, cache: p.cacheControl || undefined,
        metadata: ownMetadata(p.metadata), tier: p.accessTier, kind: p.blobType, tags: (await blob.getTags()).tags,
    };
    assert.deepEqual(found, expected, name);
    const content = d.size === 0 ? Buffer.alloc(0) : await blob.downloadToBuffer();
    assert.ok(content.equals(d.content), `the bytes of ${name}`);
}

async function write(container, d) {
    const blob = container.getBlockBlobClient(d.name);
    const options = { blobHTTPHeaders: { ...d.headers }, metadata: d.metadata, tags: d.tags };
    if (d.tier) options.tier = d.tier;
    if (d.blocks === 0) {
        await blob.upload(d.content, d.size, options);
        return;
    }
    options.blobHTTPHeaders.blobContentMD5 = d.md5;
    const ids = [];
    for (let at = 0; at < d.size; at += d.blocks) {
        ids.push(Buffer.from(String(ids.length).padStart(8, "0")).toString("base64"));
        const part = d.content.subarray(at, Math.min(at + d.blocks, d.size));
        await blob.stageBlock(ids.at(-1), part, part.length);
    }
    await blob.commitBlockList(ids, options);
}

async function names(container) {
    const found = [];
    for await (const blob of container.listBlobsFlat()) found.push(blob.name);
    return found.sort();
}

async function main() {
    const all = readFileSync(file, "utf8").split("\n").filter((line) => line && !line.startsWith("#")).map(parse);
    const copied = all.filter((d) => Buffer.byteLength(d.name) < 1000);
    const sorted = (list) => [...list].sort();
    // The SDK takes a string that does not begin so for one with a SAS.
    const service = BlobServiceClient.fromConnectionString(`DefaultEndpointsProtocol=http;${process.env.BLOBSHIFT_AZURITE}`);

    // Ours, read by the SDK; and the copies that we made of them.
    const ours = `o${randomUUID()}`;
    peer("create", ours);
    peer("write", ours, file);
    let container = service.getContainerClient(ours);
    assert.deepEqual(await names(container), sorted(all.map((d) => d.name)));
    for (const d of all) await check(container, d, d.name);
    peer("copy", ours, file);
    for (const d of copied) await check(container, d, `copies/${d.name}`);

    // The SDK with a SAS that we signed.
    container = new ContainerClient(peer("sas", ours));
    assert.equal((await names(container)).length, all.length + copied.length);
    for (const d of all.filter((d) => Object.keys(d.tags).length > 0)) {
        const blob = container.getBlockBlobClient(d.name);
        assert.ok((await blob.downloadToBuffer()).equals(d.content), d.name);
    }
    peer("remove", ours);

    // The SDK's, read by us, and copied.
    const theirs = `t${randomUUID()}`;
    container = service.getContainerClient(theirs);
    await container.create();
    for (const d of all) await write(container, d);
    peer("check", theirs, file);
    peer("copy", theirs, file);
    peer("check", theirs, file, "copies");
    for (const d of copied) await check(container, d, `copies/${d.name}`);

    // We with a SAS that the SDK signed.
    const url = await container.generateSasUrl({
        permissions: ContainerSASPermissions.parse("rltfw"), expiresOn: new Date(Date.now() + 3600_000),
        protocol: SASProtocol.HttpsAndHttp,
    });
    peer("check", url, file, "copies");

    // Names that mean something else elsewhere, or nothing: none of them is shown, and none hides another.
    for (const name of ["a//b", "a/", "dot.", "folder./x"]) {
        await new BlockBlobClient(`${container.url}/${encodeURIComponent(name)}`, service.credential).upload("x", 1);
    }
    peer("check", theirs, file, "copies");
    await container.delete();

    console.log(`${all.length} blobs and ${copied.length} copies each way`);
}

main().catch((problem) => {
    console.error(problem.message);
    process.exit(1);
});
