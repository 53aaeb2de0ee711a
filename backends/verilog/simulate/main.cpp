// Drives the clock of a bench that Verilator compiled; Icarus's bench makes its own.
#include "Vbench.h"
#include "verilated.h"

int main(int argc, char** argv) {
    VerilatedContext context;
    context.commandArgs(argc, argv);
    Vbench bench{&context};
    bench.clk = 0;
    bench.eval();
    while (!context.gotFinish()) {
        bench.clk = 1;
        bench.eval();
        bench.clk = 0;
        bench.eval();
    }
    bench.final();
    return 0;
}
