// SPDX-License-Identifier: MIT
// Calls of the whole interface, in any order and with any texts, on a filter and an MTA back to back.
//
// What one side's session writes, the other's takes; what it refuses changes nothing; they agree on whose
// turn it is. With the wire spoilt, anything may be refused, but nothing else.
#include <kilter.hpp>
#include <memory>

#include "fuzz/fuzz.hpp"

namespace {

using namespace kilter;
using fuzz::require;

/// Reads a message out of the input: any texts, also such as can't be sent.
class maker {
public:
    explicit maker(FuzzedDataProvider& input) : input_{input} {}

    template <class M>
    M make() {
        M message{};
        wire::row_of<M>().for_each_field([&](const auto& field) {
            field.visit(message, [&](std::string_view name, auto& member) { fill(name, member); });
        });
        return message;
    }

private:
    template <class T>
    void fill(std::string_view name, T& member) {
        if constexpr (std::is_same_v<T, std::string_view>) {
            // Mostly something that may be sent.
            static constexpr std::string_view good[]{
                "", "a", "X-Name", "<a@b>", "550 5.7.1 No", "421 4.7.1 Later", "a\n b"};
            const auto way = input_.ConsumeIntegralInRange<std::size_t>(0, 9);
            if (name == "space")
                member = way == 0 ? " " : "";
            else
                member = way < std::size(good) ? good[way] : keep(input_.ConsumeRandomLengthString(20));
        } else if constexpr (requires { member.bytes(); }) {
            static constexpr std::string_view good[]{{}, {"a\0b\0", 4}, {"\0\0\0\2i\0", 6}};
            const auto way = input_.ConsumeIntegralInRange<std::size_t>(0, 3);
            member = T{way < std::size(good) ? good[way] : keep(input_.ConsumeRandomLengthString(20))};
        } else if constexpr (std::is_same_v<T, bool>) {
            member = input_.ConsumeBool();
        } else if constexpr (std::is_enum_v<T>) {
            member = static_cast<T>(input_.ConsumeIntegral<std::underlying_type_t<T>>());
        } else {
            member = input_.ConsumeIntegral<T>();
        }
    }

    std::string_view keep(std::string text) {
        kept_.push_back(std::make_unique<test::exact>(text));
        return kept_.back()->view();
    }

    FuzzedDataProvider& input_;
    std::vector<std::unique_ptr<test::exact>> kept_{};
};

/// Both sides of one conversation.
class conversation_of_two {
public:
    conversation_of_two(FuzzedDataProvider& input, bool spoilt) : input_{input}, spoilt_{spoilt} {}

    void run() {
        while (input_.remaining_bytes() != 0 && mta_.open() && filter_.open()) step();
        mta_.finish();
        filter_.finish();
    }

private:
    void step() {
        // As conversations go, mostly.
        if (mta_.state().at() == phase::fresh && !mta_.state().reply_due() &&
            input_.ConsumeIntegralInRange(0, 9) != 0)
            return send(mta_, command::negotiate{}, filter_);
        if (filter_.state().asked() == question::negotiate && input_.ConsumeIntegralInRange(0, 9) != 0) {
            const wishes wanted{.actions = action{input_.ConsumeIntegral<std::uint32_t>()} & all_actions,
                                .options = option{input_.ConsumeIntegral<std::uint32_t>()} & all_options};
            return send(filter_, agree(command::negotiate{}, wanted), mta_);
        }
        if (mta_.state().reply_due() && input_.ConsumeIntegralInRange(0, 9) != 0)
            any(wire::replies, [&](const auto& m) { send(filter_, m, mta_); });
        else
            any(wire::commands, [&](const auto& m) { send(mta_, m, filter_); });
    }

    template <class Table, class F>
    void any(const Table& table, F f) {
        auto left = input_.ConsumeIntegralInRange<std::size_t>(0, detail::rows_of<Table>::count - 1);
        detail::for_each_row(table, [&]<class Row>(const Row&) {
            if (left-- == 0) f(maker{input_}.make<typename Row::message>());
        });
    }

    template <class From, class M, class To>
    void send(From& from, const M& message, To& to) {
        const auto before = from.state();
        const bool was_open = from.open();
        std::string bytes;
        const auto wrong = from.send(message, bytes);
        if (wrong != errc::ok) {
            require(bytes.empty(), "what is refused isn't written");
            require(!from.open() || from.state() == before, "and changes nothing, or closes the session");
        }
        if (wrong == errc::closed) require(!was_open, "only a closed session says that it is closed");
        if (spoilt_ && !bytes.empty() && input_.ConsumeBool()) {
            const auto at = input_.ConsumeIntegralInRange<std::size_t>(0, bytes.size() - 1);
            bytes[at] = input_.ConsumeIntegral<char>();
        }
        deliver(bytes, to);
        if (spoilt_) return;
        // A session that was closed by its own refusal hangs up.
        if (from.open() && to.open()) {
            require(mta_.state().reply_due() == filter_.state().reply_due(),
                    "they agree on whose turn it is");
            require(mta_.in_frame() == false && filter_.in_frame() == false, "there are whole frames only");
        }
    }

    template <class To>
    void deliver(std::string_view bytes, To& to) {
        while (!bytes.empty()) {
            const auto size = input_.ConsumeIntegralInRange<std::size_t>(1, bytes.size());
            const test::exact piece{bytes.substr(0, size)};
            bytes.remove_prefix(size);
            for (const auto& event : to.receive({piece.data(), piece.size()})) {
                const bool refused = std::holds_alternative<protocol_error>(event);
                require(spoilt_ || !refused, "what a session writes, the other takes");
                require(!describe(event).empty(), "every event can be shown");
                if constexpr (std::is_same_v<To, filter_session>) macros_.update(event);
                if constexpr (std::is_same_v<To, mta_session>) changes_.update(event);
            }
        }
        static_cast<void>(macros_.find("i"));
        for (const auto& change : changes_) require(!describe(change).empty(), "every change can be shown");
    }

    FuzzedDataProvider& input_;
    bool spoilt_;
    mta_session mta_{};
    filter_session filter_{};
    macro_table macros_{};
    modifications changes_{500};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider input{data, size};
    const bool spoilt = input.ConsumeBool();
    conversation_of_two{input, spoilt}.run();
    return 0;
}
