// A system call changes rax, rcx and r11 alone; flags such as the direction flag's neighbours come back.
// variants: dynamic static
#include "../conformance.h"

int main(void) {
    unsigned long changed = 0, carry;
    for (int round = 0; round < 1000; round++) {
        unsigned long bad;
        __asm__ volatile(
            "push %%rbp\n"
            "mov $0x1111, %%rbx\nmov $0x2222, %%rbp\nmov $0x3333, %%r12\nmov $0x4444, %%r13\nmov $0x5555, %%r14\n"
            "mov $0x6666, %%r15\nmov $0x7777, %%rdi\nmov $0x8888, %%rsi\nmov $0x9999, %%rdx\nmov $0xaaaa, %%r8\n"
            "mov $0xbbbb, %%r9\nmov $0xcccc, %%r10\n"
            "mov $39, %%eax\nstc\nsyscall\n"
            "setnc %%cl\nmovzbl %%cl, %%eax\nmov %%rax, %%r11\n"
            "xor %%eax, %%eax\n"
            "xor $0x1111, %%rbx\nor %%rbx, %%rax\nxor $0x2222, %%rbp\nor %%rbp, %%rax\nxor $0x3333, %%r12\nor %%r12, %%rax\n"
            "xor $0x4444, %%r13\nor %%r13, %%rax\nxor $0x5555, %%r14\nor %%r14, %%rax\nxor $0x6666, %%r15\nor %%r15, %%rax\n"
            "xor $0x7777, %%rdi\nor %%rdi, %%rax\nxor $0x8888, %%rsi\nor %%rsi, %%rax\nxor $0x9999, %%rdx\nor %%rdx, %%rax\n"
            "xor $0xaaaa, %%r8\nor %%r8, %%rax\nxor $0xbbbb, %%r9\nor %%r9, %%rax\nxor $0xcccc, %%r10\nor %%r10, %%rax\n"
            "pop %%rbp\n"
            : "=a"(bad)
            :
            : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
        changed |= bad;
        __asm__ volatile("mov $39, %%eax\nstc\nsyscall\nsetc %%al\nmovzbl %%al, %%eax" : "=a"(carry)::"rcx", "r11", "memory", "cc");
        changed |= carry ^ 1;
    }
    say("changed bits %lx\n", changed);
    return 0;
}
