#!/bin/sh
# Builds dot.elf, which the tests of ELF files read. Needs Debian's clang-19 and lld-19.
cd "$(dirname "$0")" &&
    clang-19 --target=riscv32 -march=rv32imf_zve32x_zvl128b_zicsr_zifencei_zbb -mabi=ilp32 -O2 -g1 -ffreestanding -nostdlib \
        -fno-vectorize -fno-unroll-loops -fdebug-prefix-map="$PWD"=. -static -fuse-ld=/usr/bin/ld.lld-19 -T link.ld \
        -Wl,-z,max-page-size=16 dot.c start.S -o dot.elf
