// Threads throw at once; an exception crosses to another thread through a future.
// variants: dynamic static
#include "../conformance.h"
#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

static int throw_deep(int depth, int value) {
    if (depth == 0) throw value;
    return throw_deep(depth - 1, value) + 1;
}

int main() {
    std::atomic<int> caught{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; thread++)
        threads.emplace_back([&, thread] {
            for (int round = 0; round < 500; round++) {
                try {
                    throw_deep(round % 20, thread * 1000 + round);
                } catch (int value) {
                    if (value == thread * 1000 + round) caught++;
                }
            }
        });
    for (auto &thread : threads) thread.join();
    say("caught %d\n", caught.load());
    auto answer = std::async(std::launch::async, []() -> int { throw std::runtime_error("from another thread"); });
    try {
        answer.get();
    } catch (const std::exception &error) {
        say("%s\n", error.what());
    }
}
