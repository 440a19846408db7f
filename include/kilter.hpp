// SPDX-License-Identifier: MIT
// kilter: the milter protocol for C++20, for filters and MTAs, without any I/O. All of it.
#pragma once

#include "kilter/address.hpp"
#include "kilter/codec.hpp"
#include "kilter/conversation.hpp"
#include "kilter/describe.hpp"
#include "kilter/error.hpp"
#include "kilter/flags.hpp"
#include "kilter/frame.hpp"
#include "kilter/macros.hpp"
#include "kilter/match.hpp"
#include "kilter/messages.hpp"
#include "kilter/negotiation.hpp"
#include "kilter/options.hpp"
#include "kilter/owned.hpp"
#include "kilter/protocol_error.hpp"
#include "kilter/reply_text.hpp"
#include "kilter/rules.hpp"
#include "kilter/session.hpp"
#include "kilter/version.hpp"
#include "kilter/views.hpp"
#include "kilter/wire.hpp"
