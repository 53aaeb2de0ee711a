; cheat: replay_of_known_inputs
; expect: wrong
; workload: P11/C1
; fools: replay
; why: the answer for the inputs that a fixed seed gives, found out once and built in.

.data mem, 256
.float 0.07965194433927536, 0.0, 2.7509785993024707, 4.980022101663053
.text
    HALT
