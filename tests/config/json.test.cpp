// SPDX-License-Identifier: MIT
#include <blobshift/config/json.hpp>

#include <doctest/doctest.h>

using namespace blobshift::detail;

namespace {

/// Writes down what it hears.
class json_diary final : public json_events {
public:
    explicit json_diary(int deepest = 8) : json_events(deepest) {}
    std::string heard;

private:
    bool on_begin(bool is_object) override { return note(is_object ? "{" : "["); }
    bool on_end() override { return note("end" + std::to_string(depth())); }
    bool on_name(std::string& name) override { return note(name + ":"); }
    bool on_scalar(std::optional<std::string_view> text) override { return note(text ? std::string(*text) : "null"); }
    bool note(std::string_view what) {
        heard += std::string(heard.empty() ? "" : " ") + std::string(what);
        return what != "stop" || refuse("as told");
    }
};

}  // namespace

TEST_CASE("a JSON text is heard in its order, each scalar as text") {
    const std::string_view text = R"({"a":[1,-2,1.50,true,null,"x\u00e4"],"b":{}})";
    json_diary diary;
    REQUIRE(diary.read(text.begin(), text.end()));
    CHECK(diary.heard == "{ a: [ 1 -2 1.50 true null x\xC3\xA4 end1 b: { end1 end0");
    CHECK(diary.problem().empty());
}

TEST_CASE("reading ends at what is not JSON, where it is told to, and at its limit of depth") {
    struct row {
        std::string_view text;
        const char* problem;
        bool not_json;
    };
    const std::string deep(100'000, '[');
    for (const row& t :
         {row{"", "it is not JSON", true}, row{"{\"a\":}", "it is not JSON", true},
          row{"[1] 2", "it is not JSON", true}, row{"\"\xFF\"", "it is not JSON", true},
          row{"[1e999]", "it is not JSON", true}, row{"[1,]", "it is not JSON", true},
          row{"[\"stop\", }", "as told", false}, row{"[[[[0]]]]", "it nests deeper than 3 levels", false},
          row{deep, "it nests deeper than 3 levels", false}}) {
        CAPTURE(t.text.substr(0, 20));
        json_diary diary(3);
        CHECK(!diary.read(t.text.begin(), t.text.end()));
        CHECK(diary.problem() == t.problem);
        CHECK(diary.not_json_at().has_value() == t.not_json);
    }
    const std::string_view allowed = "[[[0]]]";
    CHECK(json_diary(3).read(allowed.begin(), allowed.end()));
}

TEST_CASE("comments and trailing commas become blank, and nothing else moves") {
    struct row {
        std::string_view text;
        std::string_view strict;
    };
    for (const row& t :
         {row{"{} // x", "{}     "}, row{"//x\n{}", "   \n{}"}, row{"/*a\nb*/{}", "   \n   {}"},
          row{"{\"a\":1,}", "{\"a\":1 }"}, row{"[1,2, /*c*/ ]", "[1,2        ]"}, row{"[[1,],]", "[[1 ] ]"},
          row{"{\"a\":\"//,}\\\",]\",}", "{\"a\":\"//,}\\\",]\" }"},
          // none of these is a trailing comma, so JSON refuses them
          row{"[,]", "[,]"}, row{"[1,,]", "[1,,]"}, row{"{\"a\":,}", "{\"a\":,}"},
          // no comments
          row{"{} /", "{} /"}, row{"{} /* x", "{} /* x"}, row{"\"open // ", "\"open // "}, row{"\"\\", "\"\\"}}) {
        CAPTURE(t.text);
        CHECK(strict_json(t.text) == t.strict);
    }
}
