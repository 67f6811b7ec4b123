// SPDX-License-Identifier: MIT
//
// Macros that real headers define, or that real programs have in force when they include ours. Each is here because it
// has broken a C++ library. What they expand to is what it is there, or worse.

#ifndef BLOBSHIFT_TESTS_BUILD_HOSTILE_MACROS_HPP
#define BLOBSHIFT_TESTS_BUILD_HOSTILE_MACROS_HPP

// windows.h and what it includes
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define small char
#define hyper __int64
#define near
#define far
#define pascal
#define cdecl
#define interface struct
#define IN
#define OUT
#define OPTIONAL
#define CONST const
#define VOID void
#define TRUE 1
#define FALSE 0
#define ERROR 0
#define NO_ERROR 0L
#define DELETE (0x00010000L)
#define STRICT 1
#define IGNORE 0
#define INFINITE 0xFFFFFFFF
#define ABSOLUTE 1
#define RELATIVE 2
#define TEXT(quote) L##quote
#define CreateDirectory CreateDirectoryW
#define CreateFile CreateFileW
#define CopyFile CopyFileW
#define DeleteFile DeleteFileW
#define MoveFile MoveFileW
#define ReplaceFile ReplaceFileW
#define FindFirstFile FindFirstFileW
#define GetMessage GetMessageW
#define GetObject GetObjectW
#define SendMessage SendMessageW
#define PostMessage PostMessageW
#define GetCurrentTime() GetTickCount()
#define Yield()

// math.h, complex.h, sys/sysmacros.h, termios.h, and compilers in their GNU mode
#define DOMAIN 1
#define SING 2
#define OVERFLOW 3
#define UNDERFLOW 4
#define I _Complex_I
#define major(device) gnu_dev_major(device)
#define minor(device) gnu_dev_minor(device)
#define B0 0000000
#define ECHO 0000010
#define linux 1
#define unix 1

// X11
#define None 0L
#define Bool int
#define Status int
#define Success 0
#define True 1
#define False 0
#define Always 2
#define Above 0
#define Below 1
#define Unsorted 0
#define Expose 12
#define KeyPress 2

// Unreal, Objective-C, Qt, glib
#define check(expression) \
    do {                  \
    } while (!(expression))
#define verify(expression) \
    do {                   \
    } while (!(expression))
#define nil nullptr
#define YES 1
#define NO 0
#define signals public
#define slots
#define emit
#define foreach(variable, container) for (variable : container)
#define Q_OBJECT
#define G_LIKELY(expression) (expression)

// Test frameworks and loggers
#define CHECK(expression) ((void)(expression))
#define REQUIRE(expression) ((void)(expression))
#define FAIL(message) throw message
#define INFO(message) ((void)(message))
#define WARN(message) ((void)(message))
#define LOG(level) void_stream(level)
#define DEBUG 1
#define TRACE 1
#define VERIFY(expression) ((void)(expression))
#define ASSERT(expression) ((void)(expression))
#define EXPECT(expression) ((void)(expression))
#define UNUSED(name) ((void)(name))
#define likely(expression) __builtin_expect(!!(expression), 1)
#define unlikely(expression) __builtin_expect(!!(expression), 0)
#define countof(array) (sizeof(array) / sizeof((array)[0]))
#define offset_of(type, member) 0
#define PACKED __attribute__((packed))
#define VERSION "0"
#define PACKAGE "other"
#define Ch(x, y, z) (((x) & (y)) ^ (~(x) & (z)))

#endif
