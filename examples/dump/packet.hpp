// SPDX-License-Identifier: MIT
// Packets of a capture: what they say of TCP.
#pragma once

#include <arpa/inet.h>
#include <pcap/pcap.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace dump {

/// An address and a port.
struct endpoint {
    bool v6 = false;
    std::array<unsigned char, 16> address{};
    std::uint16_t port = 0;

    auto operator<=>(const endpoint&) const = default;
};

inline std::string describe(const endpoint& e) {
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(e.v6 ? AF_INET6 : AF_INET, e.address.data(), text, sizeof text);
    const std::string address{text};
    return (e.v6 ? "[" + address + "]" : address) + ":" + std::to_string(e.port);
}

/// A piece of one direction of a TCP connection.
struct segment {
    endpoint from;
    endpoint to;
    std::uint32_t number = 0;  ///< of its first byte, or of its SYN
    std::optional<std::uint32_t> acknowledged{};
    bool syn = false;
    bool fin = false;
    bool rst = false;
    std::string_view data{};   ///< as much of it as was captured
    std::uint32_t length = 0;  ///< how long it was on the wire
};

/// A packet from some layer on: as much of it as was captured, and how long it was on the wire.
struct packet {
    std::string_view bytes{};
    std::uint32_t length = 0;

    bool has(std::size_t count) const { return bytes.size() >= count; }
    std::uint32_t u8(std::size_t at) const { return static_cast<unsigned char>(bytes[at]); }
    std::uint32_t u16(std::size_t at) const { return u8(at) << 8 | u8(at + 1); }
    std::uint32_t u32(std::size_t at) const { return u16(at) << 16 | u16(at + 2); }

    /// Takes a header off the front. False if there isn't as much.
    bool skip(std::uint32_t count) {
        if (bytes.size() < count || length < count) return false;
        bytes.remove_prefix(count);
        length -= count;
        return true;
    }

    /// What is behind `count` bytes doesn't belong to it.
    void cut(std::uint32_t count) {
        if (count >= length) return;
        length = count;
        bytes = bytes.substr(0, count);
    }
};

/// Larger packets than this aren't real.
inline constexpr std::uint32_t largest_packet = 1 << 24;

namespace layer {

/// Takes the link's header off. False if what follows isn't IP, or if this kind of link isn't known.
inline bool skip_link(packet& p, int kind) {
    constexpr std::uint32_t ipv4 = 0x0800;
    constexpr std::uint32_t ipv6 = 0x86dd;
    constexpr std::uint32_t vlan = 0x8100;
    constexpr std::uint32_t outer_vlan = 0x88a8;
    std::uint32_t type_at = 0;
    std::uint32_t size = 0;
    switch (kind) {
        case DLT_RAW:
        case DLT_IPV4:
        case DLT_IPV6: return true;
        case DLT_NULL:
        case DLT_LOOP: return p.skip(4);
        case DLT_EN10MB: type_at = 12, size = 14; break;
        case DLT_LINUX_SLL: type_at = 14, size = 16; break;
        case DLT_LINUX_SLL2: type_at = 0, size = 20; break;
        default: return false;
    }
    if (!p.has(size)) return false;
    auto type = p.u16(type_at);
    if (!p.skip(size)) return false;
    while (type == vlan || type == outer_vlan) {
        if (!p.has(4)) return false;
        type = p.u16(2);
        if (!p.skip(4)) return false;
    }
    return type == ipv4 || type == ipv6;
}

inline endpoint address(const packet& p, std::size_t at, bool v6) {
    endpoint e{.v6 = v6};
    std::memcpy(e.address.data(), p.bytes.data() + at, v6 ? 16 : 4);
    return e;
}

/// Takes the header of IPv4 off. A length of 0 is left to the network card to fill in. Fragments aren't put
/// together: no host cuts what it says on a TCP connection.
inline bool skip_ipv4(packet& p, segment& into) {
    if (!p.has(20)) return false;
    const auto size = (p.u8(0) & 0xf) * 4;
    const bool fragment = (p.u16(6) & 0x3fff) != 0;
    if (size < 20 || fragment || p.u8(9) != IPPROTO_TCP) return false;
    into.from = address(p, 12, false);
    into.to = address(p, 16, false);
    if (const auto total = p.u16(2); total != 0) p.cut(total);
    return p.skip(size);
}

/// Takes the headers of IPv6 off.
inline bool skip_ipv6(packet& p, segment& into) {
    if (!p.has(40)) return false;
    into.from = address(p, 8, true);
    into.to = address(p, 24, true);
    auto next = p.u8(6);
    if (const auto payload = p.u16(4); payload != 0) p.cut(40 + payload);
    if (!p.skip(40)) return false;
    while (next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS) {
        if (!p.has(8)) return false;
        next = p.u8(0);
        if (!p.skip(8 + p.u8(1) * 8)) return false;
    }
    return next == IPPROTO_TCP;
}

inline bool read_tcp(packet& p, segment& into) {
    if (!p.has(20)) return false;
    const auto flags = p.u8(13);
    into.from.port = static_cast<std::uint16_t>(p.u16(0));
    into.to.port = static_cast<std::uint16_t>(p.u16(2));
    into.number = p.u32(4);
    if ((flags & 0x10) != 0) into.acknowledged = p.u32(8);
    into.rst = (flags & 0x04) != 0;
    into.syn = (flags & 0x02) != 0;
    into.fin = (flags & 0x01) != 0;
    const auto size = (p.u8(12) >> 4) * 4;
    // Of a header that has been cut off, at least the length is known.
    if (size < 20 || size > p.length) return false;
    into.length = p.length - size;
    if (p.skip(size)) into.data = p.bytes;
    return true;
}

}  // namespace layer

/// The TCP segment in a packet, if there is one. The packet begins with the header of its link.
inline std::optional<segment> tcp_segment(packet p, int kind_of_link) {
    segment found;
    if (p.length > largest_packet || !layer::skip_link(p, kind_of_link) || !p.has(1)) return std::nullopt;
    const auto version = p.u8(0) >> 4;
    if (version != 4 && version != 6) return std::nullopt;
    if (!(version == 4 ? layer::skip_ipv4(p, found) : layer::skip_ipv6(p, found))) return std::nullopt;
    if (!layer::read_tcp(p, found)) return std::nullopt;
    return found;
}

}  // namespace dump
