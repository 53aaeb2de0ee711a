# cheat: replay_of_known_inputs
# expect: wrong
# workload: P11/C1
# fools: replay
# why: the answer for the inputs that a fixed seed gives, found out once and built in.

_start:
    la a0, answer
    la a1, y
    li a2, 4
element:
    lw a3, 0(a0)
    sw a3, 0(a1)
    addi a0, a0, 4
    addi a1, a1, 4
    addi a2, a2, -1
    bnez a2, element
    mpause
.section .rodata
answer:
    .float 0.07965194433927536, 0.0, 2.7509785993024707, 4.980022101663053
