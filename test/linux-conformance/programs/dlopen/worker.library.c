// One function, for threads that load and unload it at once.
long work(long number) { return number * number + 1; }
