/* A live box's program for tests: answer REQUEST REPLY INPUT OUTPUT. Each byte it is sent makes it do one thing. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIZE = 4096 };

static void flood(void)
{
    static char text[1 << 16];
    memset(text, 'f', sizeof text);
    for (int i = 0; i < 256; i++)
        fwrite(text, 1, sizeof text, stdout);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    int request = atoi(argv[1]), reply = atoi(argv[2]);
    const char *input = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, atoi(argv[3]), 0);
    volatile char *output = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[4]), 0);
    char byte;
    while (read(request, &byte, 1) == 1) {
        switch (byte) {
        case 'c': /* copy, plus one */
            for (int i = 0; i < SIZE; i++)
                output[i] = (char)(input[i] + 1);
            break;
        case 'f': flood(); break;
        case 'p': puts("printed"), fflush(stdout); break;
        case 's': raise(SIGSTOP); break;
        case 'v': *(volatile int *)8 = 0; break;
        case 'x': exit(7);
        case 'i': /* for ever */
            for (;;)
                output[0]++;
        }
        if (write(reply, &byte, 1) != 1)
            return 3;
    }
    return 0;
}
