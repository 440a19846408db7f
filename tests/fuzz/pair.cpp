// SPDX-License-Identifier: MIT
// A filter and an MTA back to back, which say anything, with a wire between them that may be spoilt.
//
// What one side's session writes, the other's takes, and they agree on whose turn it is. With the wire
// spoilt, anything may be refused, but nothing else.
#include <kilter.hpp>

#include "fuzz/script.hpp"

namespace {

using namespace kilter;
using fuzz::require;

class conversation_of_two {
public:
    explicit conversation_of_two(fuzz::reader& input) : input_{input}, spoilt_{input.byte() % 2 != 0} {}

    void run() {
        while (!input_.at_end() && mta_.open() && filter_.open()) step();
        mta_.finish();
        filter_.finish();
    }

private:
    void step() {
        // As conversations go, but for one step in ten.
        const bool usual = input_.below(10) != 0;
        if (usual && mta_.state().at() == phase::fresh && !mta_.state().reply_due())
            return send(mta_, command::negotiate{}, filter_);
        if (usual && filter_.state().asked() == question::negotiate) {
            const wishes wanted{.actions = input_.number<action>() & all_actions,
                                .options = input_.number<option>() & all_options};
            return send(filter_, agree(command::negotiate{}, wanted), mta_);
        }
        fuzz::maker maker{input_};
        if (mta_.state().reply_due() && usual)
            maker.make_any(wire::replies, [&](const auto& m) { send(filter_, m, mta_); });
        else
            maker.make_any(wire::commands, [&](const auto& m) { send(mta_, m, filter_); });
    }

    template <class From, class M, class To>
    void send(From& from, const M& message, To& to) {
        const auto before = from.state();
        std::string bytes;
        const auto wrong = from.send(message, bytes);
        if (wrong != errc::ok) {
            require(bytes.empty(), "what is refused isn't written");
            require(!from.open() || from.state() == before, "and changes nothing, or closes the session");
        }
        if (spoilt_) spoil(bytes);
        deliver(bytes, to);
        if (spoilt_) return;
        // A session that was closed by its own refusal hangs up.
        if (from.open() && to.open()) {
            require(mta_.state().reply_due() == filter_.state().reply_due(),
                    "they agree on whose turn it is");
            require(!mta_.in_frame() && !filter_.in_frame(), "there are whole frames only");
        }
    }

    /// Changes a byte, takes some out, or says something twice.
    void spoil(std::string& bytes) {
        const auto way = input_.below(8);
        if (bytes.empty() || way > 3) return;
        const auto at = input_.number<std::uint16_t>() % bytes.size();
        switch (way) {
            case 0: bytes[at] = static_cast<char>(input_.byte()); break;
            case 1: bytes.erase(at, 1 + input_.byte()); break;
            case 2: bytes.insert(at, input_.take(1 + input_.byte())); break;
            default: bytes.append(std::string{bytes});
        }
    }

    template <class To>
    void deliver(std::string_view bytes, To& to) {
        const std::size_t wanted = input_.byte();
        while (!bytes.empty()) {
            const auto piece = bytes.substr(0, wanted == 0 ? bytes.size() : wanted);
            bytes.remove_prefix(piece.size());
            fuzz::hear(to, piece, wanted % 2 == 0, [&](std::string_view part) { hear(part, to); });
        }
        static_cast<void>(macros_.find("i"));
        for (const auto& change : changes_) require(!describe(change).empty(), "every change can be shown");
    }

    template <class To>
    void hear(std::string_view bytes, To& to) {
        for (const auto& event : to.receive(bytes)) {
            const bool refused = std::holds_alternative<protocol_error>(event);
            require(spoilt_ || !refused, "what a session writes, the other takes");
            require(!describe(event).empty(), "every event can be shown");
            if constexpr (std::is_same_v<To, filter_session>) macros_.update(event);
            if constexpr (std::is_same_v<To, mta_session>) changes_.update(event);
        }
    }

    fuzz::reader& input_;
    bool spoilt_;
    mta_session mta_{};
    filter_session filter_{};
    macro_table macros_{};
    modifications changes_{500};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::reader input{fuzz::view(data, size)};
    conversation_of_two{input}.run();
    return 0;
}
