// SPDX-License-Identifier: MIT
// Where a session keeps the piece of a frame whose rest hasn't come.
#pragma once

#include <cstddef>
#include <vector>

/// A session's buffer in memory that is the connection's: which can so see whether there is a piece, and
/// take the memory back if there is none.
class frame_room {
public:
    explicit frame_room(std::vector<char>& bytes) : bytes_{&bytes} {}

    std::size_t max_size() const noexcept { return bytes_->max_size(); }
    std::size_t size() const noexcept { return bytes_->size(); }
    bool empty() const noexcept { return bytes_->empty(); }
    const char* data() const noexcept { return bytes_->data(); }
    auto end() const noexcept { return bytes_->end(); }
    void clear() noexcept { bytes_->clear(); }
    void insert(std::vector<char>::const_iterator at, const char* from, const char* to) {
        bytes_->insert(at, from, to);
    }

private:
    std::vector<char>* bytes_;
};
