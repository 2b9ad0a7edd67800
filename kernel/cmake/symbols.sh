#!/bin/sh
# symbols.sh ELF: writes assembly with the names of the kernel's functions, for backtraces (log/symbols.cc reads it).
# Offsets from the start of the text, ascending; names front-coded: a byte of how much is shared with the name before, a byte of
# length, the rest. Every 32nd name stands whole, and `kernel_symbol_blocks` tells where.
set -eu
nm --numeric-sort --demangle --defined-only "$1" | LC_ALL=C awk '
  function flush_name(name,   shared, rest) {
    if (count % 32 == 0) { blocks = blocks "\n  .long " bytes; shared = 0 }
    else {
      shared = 0
      while (shared < 255 && shared < length(name) && substr(name, shared + 1, 1) == substr(last, shared + 1, 1)) shared++
    }
    rest = substr(name, shared + 1)
    printf "  .byte %d, %d\n  .ascii \"%s\"\n", shared, length(rest), rest
    bytes += 2 + length(rest)
    last = name
    count++
  }
  BEGIN { bytes = 0; count = 0; print "  .section .rodata.kernel_symbols, \"a\"\n  .globl kernel_symbol_names\nkernel_symbol_names:" }
  $2 ~ /^[tTwW]$/ {
    address = $1
    name = $0
    sub(/^[^ ]+ [^ ]+ /, "", name)
    gsub(/\(anonymous namespace\)::/, "", name)
    sub(/\[clone .*/, "", name)
    # Without parameters: the name is enough to find the place.
    depth = 0; out = ""
    for (i = 1; i <= length(name); i++) {
      c = substr(name, i, 1)
      if (c == "(" && substr(name, i - 8, 8) != "operator") break
      out = out c
    }
    name = substr(out, 1, 120)
    gsub(/["\\]/, "_", name)
    if (address == previous || name == "") next
    previous = address
    if (base == "") base = address
    offsets = offsets "\n  .long 0x" address " - 0x" base
    flush_name(name)
  }
  END {
    print "  .balign 4\n  .globl kernel_symbol_blocks\nkernel_symbol_blocks:" blocks
    print "  .globl kernel_symbol_offsets\nkernel_symbol_offsets:" offsets
    print "  .globl kernel_symbol_count\nkernel_symbol_count:\n  .long " count
    print "  .section .note.GNU-stack, \"\", @progbits"
  }'
