// SPDX-License-Identifier: MIT
//
// A function that can stop in its middle and go on later, on a stack of its own: how the actors of a run take turns,
// one at a time, on one thread, in an order that a seed decides.

#ifndef BLOBSHIFT_TESTS_SIMULATION_FIBER_HPP
#define BLOBSHIFT_TESTS_SIMULATION_FIBER_HPP

#include <cstddef>     // size_t
#include <cstdlib>     // abort
#include <functional>  // function
#include <utility>     // exchange, move
#include <vector>      // vector

#include <sys/mman.h>   // mmap, mprotect
#include <ucontext.h>   // makecontext, swapcontext

#if defined(__SANITIZE_ADDRESS__)
#define BLOBSHIFT_FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BLOBSHIFT_FIBER_ASAN 1
#endif
#endif
#ifdef BLOBSHIFT_FIBER_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

namespace blobshift::simulation {

/// Stacks with a page below them that nobody may touch. They are used again: a run needs a dozen, a program many runs.
class stack_pool {
public:
    static constexpr std::size_t stack_bytes = std::size_t{1} << 20;

    [[nodiscard]] static char* take() {
        if (!spare().empty()) {
            char* const stack = spare().back();
            spare().pop_back();
            return stack;
        }
        void* const room = ::mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (room == MAP_FAILED || ::mprotect(room, 4096, PROT_NONE) != 0) std::abort();
        return static_cast<char*>(room);
    }
    static void give_back(char* stack) { spare().push_back(stack); }

private:
    static std::vector<char*>& spare() {
        static std::vector<char*> stacks;
        return stacks;
    }
};

class fiber {
public:
    explicit fiber(std::function<void()> body) : body_(std::move(body)), stack_(stack_pool::take()) {
        ::getcontext(&own_);
        own_.uc_stack.ss_sp = stack_ + 4096;
        own_.uc_stack.ss_size = stack_pool::stack_bytes - 4096;
        own_.uc_link = nullptr;
        ::makecontext(&own_, &fiber::enter, 0);
    }
    fiber(const fiber&) = delete;
    fiber& operator=(const fiber&) = delete;
    /// The body must have ended: nothing unwinds a stack from outside.
    ~fiber() {
        if (!done_) std::abort();
        stack_pool::give_back(stack_);
    }

    [[nodiscard]] bool done() const noexcept { return done_; }

    /// Lets the body run until it pauses or ends.
    void resume() {
        fiber* const before = std::exchange(current(), this);
        leave(&caller_fake_, own_.uc_stack.ss_sp, own_.uc_stack.ss_size);
        ::swapcontext(&caller_, &own_);
        arrive(caller_fake_, nullptr, nullptr);
        current() = before;
    }

    /// Inside a body: back to who resumed it.
    static void pause() {
        fiber& f = *current();
        leave(&f.own_fake_, f.caller_bottom_, f.caller_size_);
        ::swapcontext(&f.own_, &f.caller_);
        arrive(f.own_fake_, &f.caller_bottom_, &f.caller_size_);
    }

    /// As `pause`, until `go` is true; `can_go` tells who resumes whether it is.
    static void pause_until(const std::function<bool()>& go) {
        fiber& f = *current();
        f.go_ = &go;
        while (!go()) pause();
        f.go_ = nullptr;
    }
    [[nodiscard]] bool can_go() const { return go_ == nullptr || (*go_)(); }

    /// Whether the code that asks runs in a fiber.
    [[nodiscard]] static bool inside() { return current() != nullptr; }

private:
    static fiber*& current() {
        static fiber* running = nullptr;
        return running;
    }

    static void enter() {
        fiber& f = *current();
        arrive(nullptr, &f.caller_bottom_, &f.caller_size_);
        f.body_();
        f.body_ = nullptr;
        f.done_ = true;
        leave(nullptr, f.caller_bottom_, f.caller_size_);
        ::setcontext(&f.caller_);
        std::abort();
    }

#ifdef BLOBSHIFT_FIBER_ASAN
    static void leave(void** fake, const void* bottom, std::size_t size) {
        __sanitizer_start_switch_fiber(fake, bottom, size);
    }
    static void arrive(void* fake, const void** bottom, std::size_t* size) {
        __sanitizer_finish_switch_fiber(fake, bottom, size);
    }
#else
    static void leave(void**, const void*, std::size_t) {}
    static void arrive(void*, const void**, std::size_t*) {}
#endif

    std::function<void()> body_;
    const std::function<bool()>* go_ = nullptr;
    char* stack_;
    ucontext_t own_ = {};
    ucontext_t caller_ = {};
    void* own_fake_ = nullptr;
    void* caller_fake_ = nullptr;
    const void* caller_bottom_ = nullptr;
    std::size_t caller_size_ = 0;
    bool done_ = false;
};

}  // namespace blobshift::simulation

#endif
