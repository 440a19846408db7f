// SPDX-License-Identifier: MIT
// Anything to examples/dump: what either side is supposed to have said, captures, and TCP segments in any
// order.
//
// JSON and text have the same lines. Each line of JSON is an object that any reader takes; each line of text
// is printable. How bytes are cut changes nothing, nor does the order of segments that are all there. Memory
// is within what the input is worth.
#include <sanitizer/allocator_interface.h>
#include <sys/mman.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "dump/capture.hpp"
#include "dump/files.hpp"
#include "fuzz/fuzz.hpp"

namespace {

using fuzz::require;
using kilter::side;

/// What has been allocated.
struct {
    std::size_t now = 0;
    std::size_t most = 0;
} memory;

void count_more(const volatile void*, std::size_t size) {
    memory.now += size;
    memory.most = std::max(memory.most, memory.now);
}
void count_less(const volatile void* at) {
    memory.now -= __sanitizer_get_allocated_size(const_cast<const void*>(at));
}
const bool is_counted = __sanitizer_install_malloc_and_free_hooks(count_more, count_less) != 0;

/// A file with these bytes, and its name.
class file {
public:
    explicit file(std::string_view bytes) : descriptor_{::memfd_create("input", MFD_CLOEXEC)} {
        require(descriptor_ >= 0, "a file");
        require(::write(descriptor_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
                "all of it");
    }
    file(const file&) = delete;
    file& operator=(const file&) = delete;
    ~file() { ::close(descriptor_); }

    std::string name() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

private:
    int descriptor_;
};

/// What is printed meanwhile. (In glibc these are variables.)
class printed {
public:
    printed() : before_{stdout}, error_before_{stderr} {
        stdout = ::open_memstream(&text_, &size_);
        stderr = ::open_memstream(&error_, &error_size_);
    }
    printed(const printed&) = delete;
    printed& operator=(const printed&) = delete;
    ~printed() {
        static_cast<void>(end());
        std::free(text_);
        std::free(error_);
    }

    /// What it was: on standard output, and on standard error.
    std::pair<std::string_view, std::string_view> end() {
        if (stdout != before_) {
            std::fclose(std::exchange(stdout, before_));
            std::fclose(std::exchange(stderr, error_before_));
        }
        return {{text_, size_}, {error_, error_size_}};
    }

private:
    std::FILE* before_;
    std::FILE* error_before_;
    char* text_ = nullptr;
    char* error_ = nullptr;
    std::size_t size_ = 0;
    std::size_t error_size_ = 0;
};

struct outcome {
    std::string text;
    int status;

    bool operator==(const outcome&) const = default;
};

/// What is printed of what `read(report)` reads, as main.cpp calls it.
template <class Read>
outcome run(bool as_json, std::size_t size, Read read) {
    const auto before = memory.now;
    memory.most = memory.now;
    printed all;
    outcome result{};
    {
        dump::report report{as_json, {{side::mta, "mta"}, {side::filter, "filter"}}};
        try {
            read(report);
        } catch (const std::exception& wrong) {
            report.unreadable(wrong.what());
        }
        result.status = report.finish();
    }
    const auto most = memory.most - before;
    const auto [text, error] = all.end();
    result.text = text;
    // Two blocks to read to, and of what is read the lines that are shown.
    require(is_counted && most <= std::size_t{400'000} + 100 * size, "memory is bounded");
    require(result.status >= 0 && result.status <= 2, "the exit status is one of those that are told");
    require(error.size() < 10'000 && (result.status == 0) == error.empty(), "problems are told");
    return result;
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = text.find('\n');
        require(end != text.npos, "each line has an end");
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    return lines;
}

void check_json(std::string_view line) {
    const auto parsed = nlohmann::json::parse(line, nullptr, false);
    require(parsed.is_object(), "each line is a JSON object");
    if (parsed.contains("mta")) return require(parsed.size() == 4, "a connection has two ends");
    require(parsed.at("offset").is_number_unsigned() && parsed.at("from").is_string(),
            "each line has a place");
    if (parsed.contains("name"))
        return require(parsed.at("fields").is_object() && parsed.at("symbol").is_string(),
                       "a message has fields");
    if (parsed.contains("code"))
        return require(parsed.contains("error") && parsed.contains("seen") && parsed.contains("length"),
                       "bytes that can't be read are shown");
    require(parsed.contains("error") || parsed.contains("missing") || parsed.contains("note"),
            "or something else");
}

/// Reads it both ways, and looks at what is printed. Gives the text.
template <class Read>
outcome check(std::size_t size, Read read) {
    auto text = run(false, size, read);
    const auto json = run(true, size, read);
    require(text.status == json.status, "the exit status is the same");
    const auto lines = lines_of(text.text);
    const auto objects = lines_of(json.text);
    require(lines.size() == objects.size(), "there is an object for each line");
    for (const auto line : lines) {
        require(line.size() < (line.find(", payload \"") == line.npos ? 100'000u : 1'000u),
                "no line is endless");
        require(std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; }),
                "text is printable");
    }
    for (const auto object : objects) check_json(object);
    return text;
}

/// What one or both sides have said.
void read_streams(std::string_view mta, std::string_view filter, std::uint32_t limit) {
    const file mta_file{mta};
    const file filter_file{filter};
    const auto mta_name = mta.empty() ? "" : mta_file.name();
    const auto filter_name = filter.empty() ? "" : filter_file.name();
    check(mta.size() + filter.size(), [&](dump::report& report) {
        dump::connection connection{report, 0, limit, true};
        dump::files{mta_name, filter_name, report, connection}.read();
    });
}

/// What one side says, in pieces.
void read_in_pieces(side from, const test::pieces& pieces, std::uint32_t limit, bool whole,
                    outcome* expected) {
    std::size_t size = 0;
    for (const auto piece : pieces) size += piece.size();
    const auto result = check(size, [&](dump::report& report) {
        dump::connection connection{report, 0, limit, whole};
        for (const auto piece : pieces) {
            const test::exact bytes{piece};
            connection.take(from, bytes.view());
        }
        connection.close(from);
        connection.leave();
    });
    if (expected->text.empty()) *expected = result;
    require(result == *expected, "any cutting gives the same");
}

void read_capture(std::string_view capture, std::uint32_t limit, std::optional<std::uint16_t> port) {
    const file captured{capture};
    // libpcap takes as much memory as the header of a packet says: 128 MiB at most.
    check(capture.size() + (std::size_t{4} << 20), [&](dump::report& report) {
        dump::connections connections{report, limit, port};
        dump::read_capture(captured.name(), connections);
    });
}

/// Segments of TCP, written down in few bytes: any, on two connections.
void read_segments(fuzz::reader input, std::size_t size, std::uint32_t limit) {
    check(size, [&](dump::report& report) {
        auto rest = input;
        dump::connections connections{report, limit, std::nullopt};
        timeval time{};
        while (!rest.at_end()) {
            const auto flags = rest.byte();
            dump::segment s{};
            s.from.port = 1000;
            s.to.port = static_cast<std::uint16_t>(25 + (flags >> 6 & 1));
            if ((flags & 1) != 0) std::swap(s.from, s.to);
            s.syn = (flags & 2) != 0;
            s.fin = (flags & 4) != 0;
            s.rst = (flags & 8) != 0;
            const bool far = (flags & 32) != 0;
            s.number = far ? rest.number<std::uint32_t>() : rest.byte();
            if ((flags & 16) != 0) s.acknowledged = far ? rest.number<std::uint32_t>() : rest.byte();
            const std::size_t there = rest.byte();
            s.data = rest.take(there);
            s.length = static_cast<std::uint32_t>(s.data.size());
            if ((flags & 128) != 0) s.length += far ? rest.number<std::uint16_t>() : rest.byte();
            ++time.tv_sec;
            connections.take(s, time);
        }
        connections.leave();
    });
}

/// Packets of any kind of link, each with its size, and how much of it isn't there.
void read_packets(fuzz::reader input, std::uint8_t kind, std::size_t size, std::uint32_t limit) {
    static constexpr int kinds[]{DLT_RAW, DLT_NULL, DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2};
    check(size, [&](dump::report& report) {
        auto rest = input;
        dump::connections connections{report, limit, std::nullopt};
        while (!rest.at_end()) {
            const std::size_t there = rest.number<std::uint16_t>();
            const auto missing = rest.byte();
            const test::exact bytes{rest.take(there)};
            const dump::packet p{bytes.view(), static_cast<std::uint32_t>(bytes.size()) + missing};
            if (const auto found = dump::tcp_segment(p, kinds[kind % std::size(kinds)]))
                connections.take(*found, timeval{});
        }
        connections.leave();
    });
}

/// What the MTA says over TCP: each segment early, late, twice or together with the one before, but all of
/// them there.
void read_shuffled(const fuzz::head& head, std::string_view stream, std::uint32_t limit) {
    struct part {
        std::size_t begin;
        std::size_t end;
    };
    const auto in_order = [&](const std::vector<part>& parts) {
        return check(stream.size() * 2, [&](dump::report& report) {
            dump::connections connections{report, limit, std::nullopt};
            constexpr std::uint32_t first = 0xffff'fff0;  // numbers begin anew soon
            const auto say = [&](dump::segment s) {
                s.from.port = s.acknowledged == first + 1 ? 25 : 1000;
                s.to.port = s.acknowledged == first + 1 ? 1000 : 25;
                s.length = static_cast<std::uint32_t>(s.data.size());
                connections.take(s, timeval{});
            };
            const auto number = [&](std::size_t at) { return static_cast<std::uint32_t>(first + 1 + at); };
            say({.number = first, .syn = true});
            say({.number = 6, .acknowledged = first + 1, .syn = true});
            for (const auto [begin, end] : parts)
                say({.number = number(begin), .acknowledged = 7u, .data = stream.substr(begin, end - begin)});
            say({.number = number(stream.size()), .acknowledged = 7u, .fin = true});
            connections.leave();
        });
    };
    std::vector<part> parts;
    for (const auto piece : head.cut(stream)) {
        const auto begin = static_cast<std::size_t>(piece.data() - stream.data());
        parts.push_back({begin, begin + piece.size()});
    }
    if (parts.size() > 40) return;  // so many may wait
    const auto expected = in_order(parts);
    const auto count = parts.size();
    for (std::size_t i = 0; i != count; ++i) {
        const auto way = head.ways[i % head.ways.size()];
        if ((way & 128) != 0) parts.push_back(parts[i]);
        if ((way & 64) != 0 && i != 0) parts[i].begin = std::min(parts[i].begin, parts[i - 1].begin);
        std::swap(parts[i], parts[std::min(i + way % 16, count - 1)]);
    }
    require(in_order(parts) == expected, "the order of segments changes nothing");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::reader input{fuzz::view(data, size)};
    const fuzz::head head{input};
    const auto limit = (head.flags & 0x80) == 0 ? kilter::data_size_1m : 20;
    const bool even = (head.flags & 0x40) == 0;
    switch (head.flags % 8) {
        case 0: {
            const auto first = input.rest();
            read_streams(even ? first : "", even ? "" : first, limit);
            return 0;
        }
        case 1: {
            const auto filter = input.take(input.number<std::uint16_t>());
            read_streams(input.rest(), filter, limit);
            return 0;
        }
        case 2:
        case 3: {
            const auto stream = input.rest();
            const auto from = even ? side::mta : side::filter;
            const bool whole = head.flags % 8 == 2;
            outcome expected{};
            read_in_pieces(from, {stream}, limit, whole, &expected);
            if (!whole) return 0;
            read_in_pieces(from, head.cut(stream), limit, whole, &expected);
            read_in_pieces(from, test::byte_by_byte(stream), limit, whole, &expected);
            return 0;
        }
        case 4: {
            const auto port = static_cast<std::uint16_t>(head.ways[0] << 8 | head.ways[1]);
            read_capture(input.rest(), limit, port == 0 ? std::nullopt : std::optional{port});
            return 0;
        }
        case 5: read_packets(input, head.ways[0], size, limit); return 0;
        case 6: read_segments(input, size, limit); return 0;
        default: read_shuffled(head, input.rest(), limit); return 0;
    }
}
