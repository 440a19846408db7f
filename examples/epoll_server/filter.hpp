// SPDX-License-Identifier: MIT
// What is said about mail. Put your own here.
#pragma once

#include <kilter.hpp>
#include <utility>

#include "settings.hpp"

/// The filter of one connection: what it remembers, and what it answers.
class filter {
public:
    explicit filter(variant what) : what_{what} {}

    template <class Session, class Out>
    void answer(const typename Session::event& event, Session& session, Out& out) {
        using namespace kilter;
        if (what_ != variant::nr) macros_.update(event);
        match(
            event, [&](const command::negotiate& offer) { session.send(agree(offer, wanted()), out); },
            [&](const command::end_of_message&) {
                if (what_ == variant::addhdr) session.send(reply::add_header{"X-Filtered", "yes"}, out);
                session.send(reply::proceed{}, out);
                macros_.update(command::abort{});  // as far as they are the message's, they are of no use now
            },
            [&](const auto&) { session.send(reply::proceed{}, out); });
    }

    /// The MTA may be silent for hours now. A copy takes no more memory than it needs.
    void shrink() {
        auto copy = macros_;
        std::swap(macros_, copy);
    }

private:
    kilter::wishes wanted() const {
        using kilter::option;
        if (what_ == variant::addhdr) return {.needed = kilter::action::add_headers};
        if (what_ == variant::lock) return {};
        return {.options = option::silent_connect | option::silent_helo | option::silent_mail |
                           option::silent_rcpt | option::silent_data | option::silent_unknown |
                           option::silent_header | option::silent_end_of_headers | option::silent_body};
    }

    kilter::macro_table macros_{};
    variant what_;
};
