// SPDX-License-Identifier: MIT
// The program that runs the tests. With Catch2 2, its main() is slow to compile, so it has a file of its own.
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>

int main(int count, char** arguments) { return Catch::Session().run(count, arguments); }
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
