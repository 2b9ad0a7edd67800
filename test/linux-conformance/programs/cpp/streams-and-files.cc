// iostreams, stringstreams, filesystem walks, regex and locale-free formatting.
// variants: dynamic static
#include "../conformance.h"
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>
#include <regex>
#include <sstream>
#include <vector>

int main() {
    namespace fs = std::filesystem;
    enter_scratch_directory();
    fs::create_directories("tree/deep/deeper");
    for (int index = 0; index < 5; index++) std::ofstream("tree/deep/file" + std::to_string(index)) << std::string(index * 100, 'x');
    std::vector<std::string> names;
    uintmax_t total = 0;
    for (const auto &entry : fs::recursive_directory_iterator("tree")) {
        names.push_back(entry.path().string());
        if (entry.is_regular_file()) total += entry.file_size();
    }
    std::sort(names.begin(), names.end());
    for (const auto &name : names) std::cout << name << '\n';
    std::cout << "total " << total << std::endl;
    fs::copy("tree", "copy", fs::copy_options::recursive);
    std::cout << "copied " << fs::file_size("copy/deep/file4") << ", removed " << fs::remove_all("tree") << std::endl;
    std::error_code error;
    fs::remove("copy/deep", error);
    std::cout << "not empty: " << (error == std::errc::directory_not_empty) << std::endl;
    std::map<std::string, int> words;
    std::istringstream text("one two three two three three");
    for (std::string word; text >> word;) words[word]++;
    for (const auto &[word, count] : words) std::cout << std::setw(6) << word << std::setw(3) << count << std::endl;
    std::smatch match;
    std::string line = "GET /path HTTP/1.1";
    std::cout << std::regex_match(line, match, std::regex("([A-Z]+) (\\S+) HTTP/(\\d)\\.(\\d)")) << ' ' << match[2] << std::endl;
    std::cout << std::fixed << std::setprecision(3) << 3.14159265 << ' ' << std::hex << 255 << std::endl;
    std::cerr << "on standard error" << std::endl;
}
