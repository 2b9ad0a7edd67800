// An execve that is refused leaves the program as it was: its threads, handlers, timers and close-on-exec descriptors.
// variants: dynamic static
#include "../conformance.h"
#include <elf.h>
#include <sys/resource.h>

extern char **environ;

static volatile unsigned long counted;

static void *count(void *argument) {
    for (;;) {
        counted++;
        sched_yield();
    }
    return argument;
}

static void handler(int number) { (void)number; }

/// A copy of a dynamic program that wants `loader`, which is as long as the real one's name or shorter.
static void make_program(const char *path, const char *loader) {
    static char bytes[8192];
    memset(bytes, 0, sizeof bytes);
    Elf64_Ehdr *header = (Elf64_Ehdr *)bytes;
    memcpy(header->e_ident, ELFMAG, SELFMAG);
    header->e_ident[EI_CLASS] = ELFCLASS64;
    header->e_ident[EI_DATA] = ELFDATA2LSB;
    header->e_ident[EI_VERSION] = EV_CURRENT;
    header->e_type = ET_DYN;
    header->e_machine = EM_X86_64;
    header->e_version = EV_CURRENT;
    header->e_ehsize = sizeof *header;
    header->e_phoff = sizeof *header;
    header->e_phentsize = sizeof(Elf64_Phdr);
    header->e_phnum = 2;
    header->e_entry = 0x1000;
    Elf64_Phdr *segments = (Elf64_Phdr *)(header + 1);
    segments[0] = (Elf64_Phdr){.p_type = PT_INTERP, .p_flags = PF_R, .p_offset = 512, .p_vaddr = 512, .p_filesz = strlen(loader) + 1, .p_memsz = strlen(loader) + 1, .p_align = 1};
    segments[1] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = sizeof bytes, .p_memsz = sizeof bytes, .p_align = 4096};
    strcpy(bytes + 512, loader);
    int file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0755);
    must(file >= 0 && write(file, bytes, sizeof bytes) == sizeof bytes && close(file) == 0);
}

static void attempt(const char *label, const char *path, char **arguments, char **environment) {
    say_status(label, execve(path, arguments, environment));
    const unsigned long before = counted;
    while (counted == before) sched_yield();
}

int main(void) {
    pthread_t thread;
    must(pthread_create(&thread, NULL, count, NULL) == 0);
    const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    must(signal(SIGUSR1, handler) != SIG_ERR);
    timer_t timer;
    must(timer_create(CLOCK_MONOTONIC, &(struct sigevent){.sigev_notify = SIGEV_NONE}, &timer) == 0);

    char *arguments[] = {"program", NULL}, *none[] = {NULL};
    make_program("/tmp/no-loader", "/missing/loader");
    attempt("its loader is missing", "/tmp/no-loader", arguments, none);
    make_program("/tmp/directory-loader", "/tmp");
    attempt("its loader is a directory", "/tmp/directory-loader", arguments, none);
    write_file("/tmp/script", "#!/missing/interpreter\n");
    must(chmod("/tmp/script", 0755) == 0);
    attempt("a script's interpreter is missing", "/tmp/script", arguments, none);
    write_file("/tmp/script", "#!/tmp/script\n");
    attempt("a script that is its own interpreter", "/tmp/script", arguments, none);

    static char word[131072 + 1];
    memset(word, 'a', sizeof word - 1);
    attempt("a word of 128 KiB", "/proc/self/exe", (char *[]){"program", word, NULL}, none);
    word[100000] = 0;
    static char *many[64];
    for (int index = 0; index < 40; index++) many[index] = word;
    attempt("4 MB of arguments", "/proc/self/exe", many, none);
    attempt("4 MB of environment", "/proc/self/exe", arguments, many);
    static char *empty[400001];
    for (int index = 0; index < 400000; index++) empty[index] = "";
    attempt("400,000 empty words", "/proc/self/exe", empty, none);
    attempt("a path at address 1", (const char *)1, arguments, none);
    attempt("a word at address 1", "/proc/self/exe", (char *[]){(char *)1, NULL}, none);
    attempt("words at address 8", "/proc/self/exe", (char **)8, none);

    struct sigaction action;
    must(sigaction(SIGUSR1, NULL, &action) == 0);
    say_truth("the handler stands", action.sa_handler == handler);
    say_status("the close-on-exec descriptor", fcntl(file, F_GETFD));
    struct itimerspec setting;
    say_status("the timer", timer_gettime(timer, &setting));
    return 0;
}
