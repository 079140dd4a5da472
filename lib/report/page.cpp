#include "report/page.hpp"

#include "base/text.hpp"
#include "report/html.hpp"
#include "report/page_parts.hpp"

namespace fastbox::report {
namespace {

constexpr const char* head = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="fastbox">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<link rel="icon" href="data:,">
)";

std::string contents(const std::vector<Section>& sections) {
  std::string html = "<nav aria-label=\"Contents\"><ul>\n";
  for (const auto& section : sections)
    if (!section.html.empty())
      html += concat("<li><a href=\"#", escape(section.id), "\">", escape(section.title), "</a></li>\n");
  return html + "</ul></nav>\n";
}

}  // namespace

std::string page(const std::string& title, const std::string& subtitle, const std::vector<Section>& sections) {
  std::string html = concat(head, "<title>", escape(title), " – fastbox report</title>\n<style>", page_style,
                            "</style>\n</head>\n<body>\n<header>\n<p class=\"over\">fastbox report</p>\n<h1>",
                            escape(title), "</h1>\n<p class=\"path\">", escape(subtitle),
                            "</p>\n<button id=\"scheme\" type=\"button\" hidden>Dark</button>\n</header>\n",
                            contents(sections), "<main>\n");
  for (const auto& section : sections)
    if (!section.html.empty())
      html += concat("<section id=\"", escape(section.id), "\">\n<h2>", escape(section.title), "</h2>\n", section.html,
                     "</section>\n");
  return concat(html, "</main>\n<script>", page_script, "</script>\n</body>\n</html>\n");
}

}  // namespace fastbox::report
