// y[i] = x[i], one word at a time: the kernel of the memory profile that tests change.
module kernel #(parameter N = 16, parameter AW = 20, parameter DW = 64, parameter BASE_X = 0, parameter BASE_Y = 0) (
    input wire clk, input wire rst, input wire start, output reg done,
    output wire req_valid, input wire req_ready, output wire req_we, output wire [AW-1:0] req_addr,
    output wire [DW-1:0] req_wdata, output wire [DW/8-1:0] req_wstrb, input wire rsp_valid, input wire [DW-1:0] rsp_rdata);
    localparam WORDS = (N + 7) / 8;
    localparam IDLE = 2'd0, READ = 2'd1, WAIT = 2'd2, WRITE = 2'd3;
    reg [1:0] state;
    reg [AW-1:0] index;
    reg [DW-1:0] data;
    assign req_valid = state == READ || state == WRITE;
    assign req_we = state == WRITE;
    assign req_addr = (state == WRITE ? BASE_Y : BASE_X) + index;
    assign req_wdata = data;
    assign req_wstrb = 8'hff;
    always @(posedge clk) begin
        done <= 1'b0;
        case (state)
            IDLE: if (start) begin
                state <= READ;
                index <= 0;
            end
            READ: if (req_ready) state <= WAIT;
            WAIT: if (rsp_valid) begin
                state <= WRITE;
                data <= rsp_rdata;
            end
            WRITE: if (req_ready) begin
                index <= index + 1;
                state <= index == WORDS - 1 ? IDLE : READ;
                done <= index == WORDS - 1;
            end
        endcase
        if (rst) begin
            state <= IDLE;
            done <= 1'b0;
        end
    end
endmodule
