// std::thread, mutex, condition_variable, shared_mutex, call_once, async, promise and atomic wait.
// variants: dynamic static
#include "../conformance.h"
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <numeric>
#include <shared_mutex>
#include <thread>
#include <vector>

int main() {
    std::shared_mutex lock;
    long value = 0, torn = 0;
    std::vector<std::thread> threads;
    for (int index = 0; index < 4; index++)
        threads.emplace_back([&, index] {
            for (int round = 0; round < 1000; round++) {
                if (index == 0) {
                    std::unique_lock guard(lock);
                    value++;
                } else {
                    std::shared_lock guard(lock);
                    if (value < 0) torn++;
                }
            }
        });
    for (auto &thread : threads) thread.join();
    say("value %ld, torn %ld\n", value, torn);
    std::once_flag once;
    int runs = 0;
    threads.clear();
    for (int index = 0; index < 4; index++) threads.emplace_back([&] { std::call_once(once, [&] { runs++; }); });
    for (auto &thread : threads) thread.join();
    say("once %d\n", runs);
    std::vector<std::future<long>> parts;
    for (long part = 0; part < 8; part++)
        parts.push_back(std::async(std::launch::async, [part] {
            std::vector<long> numbers(1000);
            std::iota(numbers.begin(), numbers.end(), part * 1000);
            return std::accumulate(numbers.begin(), numbers.end(), 0L);
        }));
    long sum = 0;
    for (auto &part : parts) sum += part.get();
    say("sum %ld\n", sum);
    std::mutex mutex;
    std::condition_variable condition;
    std::unique_lock guard(mutex);
    say("condition times out %d\n", condition.wait_for(guard, std::chrono::milliseconds(10)) == std::cv_status::timeout);
    std::timed_mutex timed;
    timed.lock();
    std::thread([&] { say("timed mutex %d\n", timed.try_lock_for(std::chrono::milliseconds(10))); }).join();
    std::atomic<int> flag{0};
    std::thread waker([&] {
        flag = 1;
        flag.notify_all();
    });
    flag.wait(0);
    waker.join();
    say("atomic wait over %d\n", flag.load());
    std::promise<void> broken;
    auto future = broken.get_future();
    { std::promise<void> gone = std::move(broken); }
    try {
        future.get();
    } catch (const std::future_error &error) {
        say("broken promise %d\n", error.code() == std::future_errc::broken_promise);
    }
}
