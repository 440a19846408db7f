// SPDX-License-Identifier: MIT
// What never throws, at compile time. What may: only what may allocate, when its allocator does.
#include <kilter.hpp>

#include <array>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

using namespace kilter;

namespace {

template <class T>
T& a() noexcept;  // for expressions that are never evaluated

template <class T>
constexpr bool compares = noexcept(a<const T>() == a<const T>());

template <class T>
constexpr bool copies = std::is_nothrow_default_constructible_v<T>&& std::is_nothrow_copy_constructible_v<T>&&
    std::is_nothrow_copy_assignable_v<T>&& std::is_nothrow_move_constructible_v<T>&&
        std::is_nothrow_move_assignable_v<T>&& std::is_nothrow_destructible_v<T>;

template <class T>
constexpr bool moves = std::is_nothrow_move_constructible_v<T>&& std::is_nothrow_move_assignable_v<T>&&
    std::is_nothrow_destructible_v<T>;

/// A range of views.
template <class Range>
constexpr bool walks =
    noexcept(a<const Range>().begin()) && noexcept(a<const Range>().end()) && noexcept(
        *a<const typename Range::
               iterator>()) && noexcept(++a<typename Range::iterator>()) && noexcept(a<typename Range::
                                                                                           iterator>()++) &&
    compares<typename Range::iterator>&& noexcept(a<const typename Range::iterator>() ==
                                                  std::default_sentinel) &&
    copies<typename Range::iterator>;

/// Everything that a table has rows for.
template <const auto& Table, template <class> class Holds>
constexpr bool each = [] {
    bool all = true;
    detail::for_each_row(Table,
                         [&]<class Row>(const Row&) { all = all && Holds<typename Row::message>::value; });
    return all;
}();

/// Messages: what they are, and what the codec does with them.
template <class M>
struct message_holds {
    static constexpr bool value =
        copies<M> &&
        compares<M>&& noexcept(encoded_size(a<const M>()))&& noexcept(check(a<const M>()))&& noexcept(
            check_heard(
                a<const M>()))&& noexcept(encode(a<const M>(),
                                                 std::span<
                                                     char>{}))&& noexcept(decode<M>(std::string_view{})) &&
        moves<result<M>> &&
        std::is_nothrow_copy_constructible_v<result<M>>&& noexcept(a<conversation>().may_come(
            a<const M>(),
            manner::said))&& noexcept(a<conversation>()
                                          .come(a<const M>(),
                                                manner::said))&& noexcept(a<conversation>()
                                                                              .take(a<const M>(),
                                                                                    manner::heard));
};
static_assert(each<wire::commands, message_holds>);
static_assert(each<wire::replies, message_holds>);

template <class M>
struct command_holds {
    static constexpr bool value = noexcept(a<const mta_session>().wants(a<const M>()))&& noexcept(
        a<const conversation>()
            .wanted<M>())&& noexcept(a<const conversation>()
                                         .answered<M>())&& noexcept(a<const conversation>()
                                                                        .finished<
                                                                            M>())&& noexcept(a<conversation>()
                                                                                                 .leave_out<
                                                                                                     M>());
};
static_assert(each<wire::commands, command_holds>);

static_assert(noexcept(decode_command(frame{})));
static_assert(noexcept(decode_reply(frame{})));
static_assert(noexcept(frame_of([] { return reply::proceed{}; })));
static_assert(copies<frame> && compares<frame>);
static_assert(copies<limits<side::mta>> && compares<limits<side::mta>>);
static_assert(copies<command::any> && copies<reply::any>);
static_assert(copies<filter_session::event> && copies<mta_session::event>);
static_assert(copies<protocol_error> && compares<protocol_error>);

// Views.
static_assert(walks<text_list> && walks<definition_list> && walks<symbol_list> && walks<reply_lines>);
static_assert(walks<modifications>);
static_assert(
    copies<text_list> &&
    compares<text_list>&& noexcept(text_list{std::string_view{}}) && noexcept(text_list{
        a<const std::string>()}) && noexcept(a<const text_list>().empty()) && noexcept(a<const text_list>()
                                                                                           .bytes()));
static_assert(copies<definition> && compares<definition> && copies<symbol> && compares<symbol>);
static_assert(noexcept(smtp_reply::parse(std::string_view{})) && copies<smtp_reply>);
static_assert(noexcept(refusal(a<const reply::any>())));

// Numbers, names and bits.
static_assert(
    noexcept(action::none | action::none) && noexcept(action::none & action::none) && noexcept(~action::none) && noexcept(
        a<action>() |= action::
            none) && noexcept(a<action>() &= action::
                                  none) && noexcept(has(action::none,
                                                        action::
                                                            none)) && noexcept(has_all(action::none,
                                                                                       action::
                                                                                           none)) && noexcept(to_bits(action::
                                                                                                                          none)));
static_assert(noexcept(options_of(6)) && noexcept(data_size(option::none)));
static_assert(noexcept(to_string(errc::ok)) && noexcept(to_string(phase::fresh)) && noexcept(
    to_string(todo::wait)) && noexcept(to_string(question::none)));
static_assert(noexcept(bare_macro_name(std::string_view{})) && noexcept(bare_mailbox(std::string_view{})) && noexcept(
    bare_address(std::string_view{})) && noexcept(is_verified_name(std::string_view{})));
static_assert(noexcept(offer_of(6)) && noexcept(agree(command::negotiate{}, wishes{})));
static_assert(noexcept(rules::to_do(verdict::none, rules::unasked)) && noexcept(rules::ends(verdict::none,
                                                                                            rules::unasked)));

// Results.
using text_result = result<std::string>;
static_assert(
    noexcept(text_result{errc::ok}) && noexcept(a<const text_result>().has_value()) && noexcept(static_cast<bool>(a<const text_result>())) && noexcept(
        a<const text_result>()
            .error()) && noexcept(*a<text_result>()) && noexcept(*a<const text_result>()) && noexcept(*std::
                                                                                                          move(a<
                                                                                                               text_result>())) && noexcept(a<text_result>()
                                                                                                                                                ->size()) && noexcept(a<const text_result>()
                                                                                                                                                                          ->size()) &&
    moves<text_result>);

// Where a conversation stands.
static_assert(copies<conversation> && compares<conversation>);
static_assert(noexcept(a<const conversation>().at()) && noexcept(a<const conversation>().open()) && noexcept(
    a<const conversation>().in_message()) && noexcept(a<const conversation>()
                                                          .asked()) && noexcept(a<const conversation>()
                                                                                    .reply_due()) && noexcept(a<const conversation>()
                                                                                                                  .ended()) && noexcept(a<const conversation>()
                                                                                                                                            .now()) && noexcept(a<const conversation>()
                                                                                                                                                                    .reusable()) && noexcept(a<const conversation>()
                                                                                                                                                                                                 .replacing()) && noexcept(a<const conversation>()
                                                                                                                                                                                                                               .over()) && noexcept(a<const conversation>()
                                                                                                                                                                                                                                                        .version()) && noexcept(a<const conversation>()
                                                                                                                                                                                                                                                                                    .actions()) && noexcept(a<const conversation>()
                                                                                                                                                                                                                                                                                                                .options()) && noexcept(a<conversation>()
                                                                                                                                                                                                                                                                                                                                            .tolerate(
                                                                                                                                                                                                                                                                                                                                                tolerance{})) && noexcept(a<conversation>()
                                                                                                                                                                                                                                                                                                                                                                              .close()));

// Sessions. Frames in pieces take memory, so the loop may throw, and so may room(); nothing else does.
template <class Session>
constexpr bool session_holds =
    noexcept(a<Session>().receive(std::span<const char>{})) && noexcept(a<Session>().receive(std::span<const std::byte>{})) && noexcept(
        a<const Session>()
            .in_frame()) && noexcept(a<Session>()
                                         .finish()) && noexcept(a<const Session>()
                                                                    .state()) && noexcept(a<const Session>()
                                                                                              .open()) && noexcept(a<const Session>()
                                                                                                                       .error()) &&
    moves<Session>;
static_assert(session_holds<filter_session>);
static_assert(session_holds<mta_session>);
static_assert(session_holds<session<side::filter, fixed_buffer<64>>>);
static_assert(noexcept(a<const mta_session>().take_piece(a<std::string_view>())) && noexcept(
    a<const mta_session>().now()) && noexcept(a<const mta_session>()
                                                  .reusable()) && noexcept(a<mta_session>()
                                                                               .tolerate(tolerance{})));

template <class Session>
constexpr bool events_hold = [] {
    using events = typename Session::events;
    using iterator = typename events::iterator;
    return noexcept(a<const events>().end())&& noexcept(a<const events>().rest())&& noexcept(
               *a<const iterator>())&& noexcept(a<const iterator>().
                                                operator->())&& noexcept(a<const iterator>() ==
                                                                         std::default_sentinel) &&
           std::is_nothrow_destructible_v<events> && std::is_nothrow_destructible_v<Session>;
}();
static_assert(events_hold<filter_session> && events_hold<mta_session>);

// Frames.
using decoder = frame_decoder;
static_assert(
    noexcept(a<const decoder>().error()) && noexcept(a<const decoder>().length()) && noexcept(
        a<const decoder>()
            .in_frame()) && noexcept(a<const decoder>()
                                         .between_frames()) && noexcept(a<const decoder>()
                                                                            .max_payload()) && noexcept(a<decoder>()
                                                                                                            .max_payload(
                                                                                                                0)) &&
    moves<decoder>);
using buffer = fixed_buffer<64>;
static_assert(copies<buffer>&& noexcept(a<buffer>().data()) && noexcept(a<const buffer>().data()) && noexcept(
    a<const buffer>()
        .size()) && noexcept(buffer::
                                 max_size()) && noexcept(a<const buffer>()
                                                             .empty()) && noexcept(a<buffer>()
                                                                                       .clear()) && noexcept(a<buffer>()
                                                                                                                 .resize(
                                                                                                                     0)));

// What keeps something: looking at it, moving it and dropping it.
static_assert(moves<macro_table> && std::is_nothrow_default_constructible_v<macro_table>&& noexcept(
                                        a<const macro_table>().find(std::string_view{})));
static_assert(moves<macro_lists> &&
              std::is_nothrow_default_constructible_v<macro_lists>&& noexcept(a<const macro_lists>().names(
                  stage::mail)) && noexcept(a<const macro_lists>().names_for<command::mail>()));
static_assert(moves<modifications>&& noexcept(a<const modifications>().replaces_body()) && noexcept(
    a<const modifications>().body()) && noexcept(a<const modifications>()
                                                     .empty()) && noexcept(a<modifications>().clear()));
static_assert(
    moves<owned<command::mail>> &&
    std::is_nothrow_default_constructible_v<owned<command::mail>>&& noexcept(
        *a<const owned<command::mail>>()) && noexcept(a<const owned<command::mail>>().operator->()));
static_assert(compares<owned<command::mail>>);

// The other way round, so that these lines could tell: this may throw.
static_assert(!noexcept(a<filter_session>().room()) && !noexcept(a<filter_session::events>().begin()) &&
              !noexcept(++a<filter_session::events::iterator>()) &&
              !noexcept(a<filter_session>().send(reply::accept{}, a<std::string>())) &&
              !noexcept(a<macro_table>().update(command::macro{})) && !noexcept(describe(command::data{})));

}  // namespace
