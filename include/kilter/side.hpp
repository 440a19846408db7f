// SPDX-License-Identifier: MIT
// The two sides of a conversation.
#pragma once

namespace kilter {

enum class side : bool { filter, mta };

}  // namespace kilter
