// SPDX-License-Identifier: MIT
// Inputs and outputs beside memory that can't be touched, and gone as soon as the documentation says that
// they may be: nothing is read or written before or behind them, or after that.
#include "support/guarded.hpp"

#include "support/catch.hpp"

#ifdef KILTER_TEST_GUARDED

#include <kilter/address.hpp>
#include <kilter/describe.hpp>
#include <kilter/macros.hpp>
#include <kilter/owned.hpp>
#include <kilter/session.hpp>
#include <kilter/smtp_reply.hpp>

#include "golden/messages.hpp"
#include "support/dialogue.hpp"
#include "support/splits.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

using namespace kilter;
using namespace test;
using namespace std::string_view_literals;

namespace {

constexpr guard guards[]{guard::before, guard::behind};

/// Can the system read a byte there? It says so where we would crash.
bool readable(const char* at) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    const auto written = ::write(ends[1], at, 1);
    const bool bad = written == -1 && errno == EFAULT;
    ::close(ends[0]);
    ::close(ends[1]);
    REQUIRE((written == 1 || bad));
    return written == 1;
}

}  // namespace

TEST_CASE("memory beside a guarded block can't be touched, and the block not after its end") {
    for (const std::size_t size : {1u, 5u, 4'095u, 4'096u, 4'097u, 70'000u}) {
        const char* gone = nullptr;
        for (const auto at : guards) {
            const guarded block{std::string(size, 'x'), at};
            const char* first = block.view().data();
            CHECK(readable(first));
            CHECK(readable(first + size - 1));
            CHECK_FALSE(readable(at == guard::before ? first - 1 : first + size));
            gone = first;
        }
        CHECK_FALSE(readable(gone));
        guarded_buffer buffer(size, 'x');
        CHECK(readable(buffer.data() + size - 1));
        CHECK_FALSE(readable(buffer.data() + size));
    }
    const guarded nothing{""sv};
    CHECK_FALSE(readable(nothing.view().data()));
}

namespace {

template <class M>
std::optional<M> decoded(const frame& in) {
    const auto find = [](const auto& any) {
        const auto* found = any ? std::get_if<M>(&*any) : nullptr;
        return found != nullptr ? std::optional{*found} : std::nullopt;
    };
    if constexpr (command_message<M>)
        return find(decode_command(in));
    else
        return find(decode_reply(in));
}

/// Looks at all that can be seen of a message.
template <class M>
std::string look_at(const M& message) {
    std::string seen = describe(message);
    static_cast<void>(check_heard(message));
    owned<M> copy;
    copy = owned{message};
    seen += describe(*copy);
    if constexpr (requires { message.args.begin(); })
        for (const auto arg : message.args) seen += arg;
    if constexpr (std::is_same_v<M, command::macro>) {
        macro_table table;
        table.update(message);
        seen += table.find("i").value_or("");
    }
    return seen;
}

}  // namespace

TEST_CASE("golden frames are read within their bounds, and written within them") {
    golden::for_each([]<class M>(const golden::row<M>& row) {
        INFO(row.title);
        for (const auto at : guards) {
            const guarded input{row.bytes, at};
            auto bytes = input.view();
            frame_decoder decoder{data_size_64k};
            const auto in = decoder.next(bytes);
            REQUIRE(in);
            const auto message = decoded<M>(*in);
            REQUIRE(message);
            CHECK(*message == row.message);
            look_at(*message);

            guarded output{row.bytes.size(), at};
            CHECK(*encode(*message, output.span()) == row.bytes.size());
            CHECK(output.view() == row.bytes);
            guarded too_small{row.bytes.size() - 1, at};
            CHECK(encode(*message, too_small.span()).error() == errc::no_room);

            guarded_buffer grown;
            CHECK(encode(*message, grown) == errc::ok);
            CHECK(encode(*message, grown) == errc::ok);
            CHECK(std::string_view{grown.data(), grown.size()} == std::string{row.bytes}.append(row.bytes));
        }
    });
}

TEST_CASE("golden frames are read from two blocks, the first of which is gone") {
    golden::for_each([]<class M>(const golden::row<M>& row) {
        INFO(row.title);
        for (std::size_t cut = 0; cut <= row.bytes.size(); ++cut) {
            for (const auto at : guards) {
                basic_frame_decoder<guarded_buffer> decoder{data_size_64k};
                std::optional<M> message;
                for (const auto piece : in_two(row.bytes, cut)) {
                    const guarded input{piece, at};
                    auto bytes = input.view();
                    while (const auto in = decoder.next(bytes)) {
                        message = decoded<M>(*in);
                        if (!message || *message != row.message) CHECK(false);
                    }
                }
                if (!message) CHECK(false);
            }
        }
    });
}

TEST_CASE("frames that are too short, or have a byte that is another, are read within their bounds") {
    golden::for_each([]<class M>(const golden::row<M>& row) {
        const auto in = only_frame(row.bytes);
        const auto read = [&](std::string payload) {
            std::array<std::string, 3> seen;
            const auto look = [&](std::string& at, std::string_view bytes) {
                for (const auto code : {in.code, '\0', 'X'}) {
                    const auto command = decode_command({code, bytes});
                    const auto reply = decode_reply({code, bytes});
                    at += to_string(command.error());
                    at += to_string(reply.error());
                    if (command) at += std::visit([](const auto& m) { return look_at(m); }, *command);
                    if (reply) at += std::visit([](const auto& m) { return look_at(m); }, *reply);
                }
            };
            look(seen[0], payload);
            look(seen[1], guarded{payload, guard::before}.view());
            look(seen[2], guarded{payload, guard::behind}.view());
            if (seen[0] != seen[1] || seen[0] != seen[2]) CHECK(seen[0] == seen[1]);
        };
        for (std::size_t size = 0; size <= in.payload.size(); ++size) {
            const std::string payload{in.payload.substr(0, size)};
            read(payload);
            if (size == 0) continue;
            for (const char last : {'\0', 'x', '\n', '\r', '%', '-', ' ', '\xff'}) {
                auto changed = payload;
                changed.back() = last;
                read(changed);
            }
        }
    });
}

namespace {

/// The bytes of a message that has been heard.
template <class Any>
std::string bytes_of_event(const Any& event) {
    return std::visit(
        []<class M>(M message) -> std::string {
            if constexpr (std::is_same_v<M, protocol_error>) {
                return describe(message);
            } else {
                if constexpr (requires { message.space; }) message.space = {};
                return bytes_of(message);
            }
        },
        event);
}

/// Where the bytes of a read lie.
enum class place { guarded_before, guarded_behind, room };

template <class Session, class Act>
void hear(Session& session, std::string_view stream, place where, Act act) {
    if (where == place::room) {
        for (auto room = session.room(); !room.empty() && !stream.empty(); room = session.room()) {
            const auto count = std::min(room.size(), stream.size());
            std::copy_n(stream.data(), count, room.data());
            std::fill(room.begin() + static_cast<std::ptrdiff_t>(count), room.end(), '?');
            stream.remove_prefix(count);
            for (const auto& event : session.receive(room.first(count))) act(event);
        }
    }
    const guarded input{stream, where == place::guarded_before ? guard::before : guard::behind};
    for (const auto& event : session.receive(input.view())) act(event);
}

using guarded_filter = session<side::filter, guarded_buffer>;
using guarded_mta = session<side::mta, guarded_buffer>;

/// A filter hears a dialogue in pieces, each of which is gone after its loop.
bool filter_hears(const std::vector<exchange>& all, const pieces& read, place where) {
    guarded_filter session;
    guarded_buffer out;
    std::string heard;
    auto at = all.begin();
    for (const auto piece : read)
        hear(session, piece, where, [&](const auto& event) {
            heard += bytes_of_event(event);
            for (const auto& reply : at->replies)
                std::visit([&](const auto& m) { session.send(m, out); }, *decode_reply(only_frame(reply)));
            if (at + 1 != all.end()) ++at;
        });
    return heard == commands_of(all) && std::string_view{out.data(), out.size()} == replies_of(all) &&
           !session.open() && session.error() == errc::ok;
}

/// An MTA says it, and hears the replies to each command in pieces.
template <class Cut>
bool mta_hears(const std::vector<exchange>& all, Cut cut, place where) {
    guarded_mta session;
    guarded_buffer out;
    std::string heard;
    for (const auto& each : all) {
        std::visit([&](const auto& m) { session.send(m, out); }, *decode_command(only_frame(each.command)));
        const auto replies = replies_of(each);
        for (const auto piece : cut(replies))
            hear(session, piece, where, [&](const auto& event) { heard += bytes_of_event(event); });
    }
    return heard == replies_of(all) && std::string_view{out.data(), out.size()} == commands_of(all) &&
           !session.open() && session.error() == errc::ok;
}

}  // namespace

TEST_CASE("a filter goes on with pieces whose memory is gone, wherever they are cut") {
    const auto all = dialogue(20);
    const auto stream = commands_of(all);
    for_each_split(stream, [&](const pieces& read) {
        for (const auto where : {place::guarded_before, place::guarded_behind})
            if (!filter_hears(all, read, where)) CHECK(filter_hears(all, read, where));
    });
    CHECK(filter_hears(all, whole(stream), place::guarded_behind));
}

TEST_CASE("an MTA goes on with pieces whose memory is gone, wherever they are cut") {
    const auto all = dialogue(20);
    std::size_t longest = 0;
    for (const auto& each : all) longest = std::max(longest, replies_of(each).size());
    for (const auto where : {place::guarded_before, place::guarded_behind}) {
        for (std::size_t cut = 0; cut <= longest; ++cut) {
            const auto in_two_pieces = [&](std::string_view replies) {
                return in_two(replies, std::min(cut, replies.size()));
            };
            if (!mta_hears(all, in_two_pieces, where)) CHECK(mta_hears(all, in_two_pieces, where));
        }
        CHECK(mta_hears(all, byte_by_byte, where));
    }
}

TEST_CASE("large frames go through a buffer without slack, and through all of its room") {
    const auto all = dialogue(10'000);
    const auto stream = commands_of(all);
    for (const std::size_t size : {100u, 4'096u, 5'000u, 9'999u, 10'005u, 20'000u}) {
        const auto cut = [&](std::string_view bytes) { return in_pieces(bytes, size); };
        for (const auto where : {place::guarded_before, place::guarded_behind, place::room}) {
            INFO(size);
            CHECK(filter_hears(all, cut(stream), where));
            CHECK(mta_hears(all, cut, where));
        }
    }
}

TEST_CASE("what a loop hasn't come to may be moved elsewhere") {
    const auto all = dialogue(20);
    const auto stream = commands_of(all);
    guarded_filter session;
    std::string out;
    std::string heard;
    std::string left = stream;
    for (const auto& each : all) {
        const guarded input{left};
        auto events = session.receive(input.view());
        for (const auto& event : events) {
            heard += bytes_of_event(event);
            break;
        }
        const auto rest = events.rest();
        left.assign(rest.data(), rest.size());
        for (const auto& reply : each.replies)
            std::visit([&](const auto& m) { session.send(m, out); }, *decode_reply(only_frame(reply)));
    }
    CHECK(heard == stream);
    CHECK(out == replies_of(all));
    CHECK(left.empty());
}

TEST_CASE("texts, lists and replies are read within their bounds, whatever they end with") {
    const std::string_view texts[]{"",
                                   "a",
                                   "\0"sv,
                                   "a\0"sv,
                                   "a\0b"sv,
                                   "\0\0\0\1"sv,
                                   "\0\0\0\1i"sv,
                                   "<",
                                   "<a@b",
                                   "<a@b>",
                                   "[",
                                   "[::1]",
                                   "IPv6:",
                                   "IPv6",
                                   "{",
                                   "{i}",
                                   "550",
                                   "550 ",
                                   "550-",
                                   "550 5",
                                   "550 5.",
                                   "550 5.7",
                                   "550 5.7.1",
                                   "550-a\r\n550",
                                   "550-a\r\n550 b",
                                   "550-a\r",
                                   "550-a\r\n",
                                   "550 5.7.1 %",
                                   "550 %%",
                                   "a\r",
                                   "a\n",
                                   "a\r\n",
                                   "a\n ",
                                   "a\n \n",
                                   "12345678",
                                   "1234567\0"sv,
                                   "12345678\0"sv,
                                   "\xff\xff\xff\xff\xff\xff\xff\xff\xff"};
    for (const auto text : texts) {
        const auto look = [](std::string_view t) {
            std::string seen;
            for (const auto item : text_list{t}) seen.append(item).push_back('|');
            for (const auto& item : definition_list{t})
                seen.append(item.name).append(item.value).push_back('|');
            for (const auto& item : symbol_list{t}) seen.append(item.names).push_back('|');
            seen.append(bare_mailbox(t)).append(bare_address(t)).append(bare_macro_name(t));
            seen.append(is_verified_name(t) ? "yes" : "no").append(smtp_text(t));
            if (const auto parsed = smtp_reply::parse(t)) {
                seen.append(parsed->code).append(parsed->enhanced_code);
                for (const auto line : parsed->lines) seen.append(line).push_back('|');
            }
            seen.append(to_string(check(reply::reply_code{t})));
            seen.append(to_string(check(reply::add_header{.name = t, .value = t})));
            seen.append(to_string(check(reply::add_header{.name = "A", .value = t})));
            seen.append(to_string(check_heard(reply::add_header{.name = "A", .value = t})));
            seen.append(to_string(check(command::macro{'M', t})));
            seen.append(to_string(check(reply::negotiate{.symbols = t})));
            return seen;
        };
        const auto seen = look(text);
        for (const auto at : guards) CHECK(look(guarded{text, at}.view()) == seen);
    }
}

#else

TEST_CASE("memory beside a guarded block can't be touched, and the block not after its end") {
    WARN("this system has no mmap(), so nothing was tried beside unreadable pages");
}

#endif
