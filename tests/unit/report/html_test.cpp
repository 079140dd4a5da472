#include "report/html.hpp"

#include <catch2/catch.hpp>
#include <cmath>

using namespace fastbox::report;

TEST_CASE("what a file says is words, never markup", "[html]") {
  CHECK(escape("<script>alert(\"x\")</script> & 'y'") ==
        "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39;");
  CHECK(escape("Größe 3 × 4, 日本, 🚗") == "Größe 3 × 4, 日本, 🚗");
  CHECK(escape("a\tb\nc") == "a\tb\nc");
}

TEST_CASE("bytes that HTML does not allow are replaced", "[html]") {
  const std::string gone = "\xEF\xBF\xBD";
  CHECK(escape(std::string("a\0b", 3)) == "a" + gone + "b");
  CHECK(escape("\x1b[31m\x7f") == gone + "[31m" + gone);
  CHECK(escape("\xff\xfe") == gone + gone);
  CHECK(escape("\xc2") == gone);                                // cut off
  CHECK(escape("\xc0\xaf") == gone + gone);                     // an overlong slash
  CHECK(escape("\xed\xa0\x80") == gone + gone + gone);          // a surrogate
  CHECK(escape("\xc2\x85") == gone);                            // a C1 control character
  CHECK(escape("\xf4\x90\x80\x80").size() == 4 * gone.size());  // beyond U+10FFFF
}

TEST_CASE("a cell of a table is escaped unless it is our own markup", "[html]") {
  Table table({{"a <b>"}, {"n", true}});
  CHECK(table.empty());
  table.add({"<i>", Html::raw("<b>1</b>")});
  table.add_sum({"all", "2"});
  const std::string html = table.html();
  CHECK(html.find("<th scope=\"col\">a &lt;b&gt;</th>") != std::string::npos);
  CHECK(html.find("<tr><td>&lt;i&gt;</td><td class=\"number\"><b>1</b></td></tr>") != std::string::npos);
  CHECK(html.find("<tr class=\"sum\"><td>all</td>") != std::string::npos);
}

TEST_CASE("figures are written for people", "[html]") {
  CHECK(dash_or_fixed(61.146, 2) == "61.15");
  CHECK(dash_or_fixed(NAN, 2) == "–");
  CHECK(grouped(9999) == "9999");
  CHECK(grouped(140000) ==
        "140\xE2\x80\xAF"
        "000");
  CHECK(grouped(-1234567) ==
        "-1\xE2\x80\xAF"
        "234\xE2\x80\xAF"
        "567");
  CHECK(duration_text(0.06) == "0.06 s");
  CHECK(duration_text(0.997) == "1.0 s");
  CHECK(duration_text(12.34) == "12.3 s");
  CHECK(duration_text(99.96) == "1 min 40 s");
  CHECK(duration_text(245.4) == "4 min 05 s");
  CHECK(duration_text(3599.7) == "1 h 00 min");
  CHECK(duration_text(88200) == "24 h 30 min");
  CHECK(duration_text(NAN) == "–");
  CHECK(bytes_text(812) == "812 bytes");
  CHECK(bytes_text(64.3 * 1024 * 1024) == "64.3 MiB");
  CHECK(counted(1, "frame", "frames") == "1 frame");
  CHECK(counted(0, "frame", "frames") == "0 frames");
}
