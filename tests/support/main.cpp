// SPDX-License-Identifier: MIT
//
// The main function of blobshift_tests: doctest's own, but a run that ran no test case is a failure.

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <iostream>  // cerr

namespace {

unsigned cases_run = 0;

struct case_counter : doctest::IReporter {
    explicit case_counter(const doctest::ContextOptions& /*options*/) {}

    void test_run_end(const doctest::TestRunStats& run) override { cases_run = run.numTestCasesPassingFilters; }

    void report_query(const doctest::QueryData& /*query*/) override {}
    void test_run_start() override {}
    void test_case_start(const doctest::TestCaseData& /*data*/) override {}
    void test_case_reenter(const doctest::TestCaseData& /*data*/) override {}
    void test_case_end(const doctest::CurrentTestCaseStats& /*stats*/) override {}
    void test_case_exception(const doctest::TestCaseException& /*exception*/) override {}
    void subcase_start(const doctest::SubcaseSignature& /*signature*/) override {}
    void subcase_end() override {}
    void log_assert(const doctest::AssertData& /*data*/) override {}
    void log_message(const doctest::MessageData& /*message*/) override {}
    void test_case_skipped(const doctest::TestCaseData& /*data*/) override {}
};

}  // namespace

REGISTER_LISTENER("case_counter", 1, case_counter);

/// The thread sanitizer takes mutexes that stood at one place, one after the other, for one, and the hooks of tests are
/// called under a lock: together they look like a deadlock.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "deadlock:hooked_store\n"; }

int main(int argc, char** argv) {
    doctest::Context context(argc, argv);
    const int failed = context.run();
    if (context.shouldExit()) return failed;  // a query: --count, --list-test-cases, --help
    if (cases_run == 0) {
        std::cerr << "no test ran\n";
        return 1;
    }
    return failed;
}
