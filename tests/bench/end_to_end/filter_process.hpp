// SPDX-License-Identifier: MIT
// The filter that is measured: a process of its own, and what it has used.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace bench {

using seconds = std::chrono::duration<double>;

[[noreturn]] inline void fail(const std::string& what) {
    throw std::system_error{errno, std::generic_category(), what};
}

/// Keeps the calling process on one CPU; -1 leaves it free.
inline void pin(int cpu) {
    if (cpu < 0) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(cpu), &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) fail("CPU " + std::to_string(cpu));
}

/// A started filter. It ends with its owner, and with the program.
class filter_process {
public:
    filter_process(const std::vector<std::string>& command, int cpu) {
        std::vector<char*> words;
        for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
        words.push_back(nullptr);
        prctl(PR_SET_CHILD_SUBREAPER, 1);  // for tracers: they are waited for, too
        id_ = fork();
        if (id_ < 0) fail("fork");
        if (id_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            pin(cpu);
            dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
            execvp(words[0], words.data());
            _exit(127);
        }
    }
    filter_process(const filter_process&) = delete;
    filter_process& operator=(const filter_process&) = delete;
    ~filter_process() {
        if (id_ != 0) kill(id_, SIGKILL);
    }

    /// Throws if it has ended by itself.
    void check() {
        int status = 0;
        if (waitpid(id_, &status, WNOHANG) != id_) return;
        id_ = 0;
        throw std::runtime_error{"the filter has ended, with status " + std::to_string(WEXITSTATUS(status))};
    }

    /// The CPU that all its threads have used so far.
    seconds cpu() const {
        clockid_t clock{};
        timespec time{};
        if (const int wrong = clock_getcpuclockid(id_, &clock); wrong != 0) {
            errno = wrong;
            fail("the filter's CPU clock");
        }
        clock_gettime(clock, &time);
        return seconds{static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9};
    }

    /// Until it uses no more CPU: it is done with what it was given.
    void settle() const {
        constexpr int patience = 100;
        auto before = seconds{-1};
        for (int i = 0; i != patience && before != cpu(); ++i) {
            before = cpu();
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
    }

    /// Memory that is there for it and not swapped out, in kB.
    long resident() const { return number("smaps_rollup", "Rss:"); }
    long threads() const { return number("status", "Threads:"); }

    /// Of the threads that it has now.
    long context_switches() const {
        long sum = 0;
        for (const auto& thread : std::filesystem::directory_iterator{folder() + "task"}) {
            const auto at = "task/" + thread.path().filename().string() + "/status";
            sum += number(at, "voluntary_ctxt_switches:") + number(at, "nonvoluntary_ctxt_switches:");
        }
        return sum;
    }

    /// Ends it, and waits for it and whatever it has left to us.
    void stop() {
        kill(id_, SIGKILL);
        constexpr unsigned patience = 20;  // s
        alarm(patience);                   // the end of us, if a tracer doesn't end
        while (wait(nullptr) >= 0 || errno == EINTR) continue;
        alarm(0);
        id_ = 0;
    }

    /// Lets it end by itself, so that it can say what it has seen. `knock` is called again and again
    /// meanwhile: libmilter looks only every 5 s, or when somebody connects, whether it is to end.
    template <class Knock>
    void stop_gently(Knock knock) {
        constexpr int interval = 50;  // ms
        const auto handle = static_cast<int>(syscall(SYS_pidfd_open, id_, 0));
        pollfd ended{handle, POLLIN, 0};
        kill(id_, SIGTERM);
        for (int left = 400; left != 0 && poll(&ended, 1, interval) == 0; --left) knock();
        close(handle);
        stop();
    }

private:
    std::string folder() const { return "/proc/" + std::to_string(id_) + "/"; }

    long number(const std::string& file, const std::string& name) const {
        std::ifstream in{folder() + file};
        for (std::string word; in >> word;) {
            long value = 0;
            if (word == name && in >> value) return value;
        }
        throw std::runtime_error{"no " + name + " in " + folder() + file};
    }

    pid_t id_ = 0;
};

}  // namespace bench
