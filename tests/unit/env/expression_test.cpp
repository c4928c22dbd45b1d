#include "supplied/expression.h"

#include "catch.h"

using namespace relapse::env;
using nlohmann::json;

namespace {

ExpressionScope scope() {
  return {{{"vars", {{"A", "a"}, {"EMPTY", ""}, {"ENV", "Prod"}}},
           {"secrets", {{"S", "s"}}},
           {"inputs", {{"flag", true}, {"count", 3}}},
           {"matrix", {{"node", 20}}},
           {"env", {{"E", "e"}}},
           {"github",
            {{"event", {{"labels", {{{"name", "x"}}, {{"name", "y"}}}}}}, {"ref_name", "main"}}}}};
}

json value(std::string_view text) {
  auto result = evaluate(text, scope());
  INFO(text);
  REQUIRE(result);
  return result->value;
}

}  // namespace

TEST_CASE("literals, contexts and members") {
  CHECK(value("'it''s'") == "it's");
  CHECK(value("0xff") == 255);
  CHECK(value("-1.5") == -1.5);
  CHECK(value("true") == true);
  CHECK(value("null").is_null());
  CHECK(value("vars.A") == "a");
  CHECK(value("vars['A']") == "a");
  CHECK(value("VARS.a") == "a");  // names know no case
  CHECK(value("vars.NONE").is_null());
  CHECK(value("needs.build.outputs.url").is_null());
  CHECK(value("github.event.labels[1].name") == "y");
  CHECK(value("contains(github.event.labels.*.name, 'x')") == true);
}

TEST_CASE("operators: the value decides, and emptiness is false") {
  CHECK(value("vars.A && vars.EMPTY || 'test'") == "test");  // set, but wrong
  CHECK(value("vars.EMPTY || 'd'") == "d");
  CHECK(value("vars.A == 'A'") == true);  // texts without regard to case
  CHECK(value("vars.ENV == 'prod' && 'live' || 'test'") == "live");
  CHECK(value("vars.NONE == ''") == true);
  CHECK(value("inputs.count > 2 && inputs.count <= 3") == true);
  CHECK(value("'10' == 10") == true);
  CHECK(value("true == 1") == true);
  CHECK(value("'x' == 0") == false);
  CHECK(value("!vars.EMPTY != false") == true);
  CHECK(value("!(vars.A == 'b')") == true);
  CHECK(value("1 < 2 == true") == true);
}

TEST_CASE("functions") {
  CHECK(value("format('{0}-{1} {{x}}', vars.A, matrix.node)") == "a-20 {x}");
  CHECK(value("join(fromJSON('[\"a\",\"b\"]'), '+')") == "a+b");
  CHECK(value("startsWith('Hello', 'he') && endsWith('Hello', 'LO')") == true);
  CHECK(value("fromJSON('{\"a\":{\"b\":1}}').a.b") == 1);
  CHECK(value("fromJSON(toJSON(vars)).A") == "a");
  CHECK(value("success() && !failure() && always() && !cancelled()") == true);
  auto hash = evaluate("hashFiles('x')", scope());
  REQUIRE(hash);
  CHECK(hash->notes.size() == 1);
}

TEST_CASE("texts with expressions in them, and what is missing") {
  auto text = interpolate("A=${{ vars.A }} B=${{ vars.B }}${{ '}}' }}", scope());
  REQUIRE(text);
  CHECK(text->text == "A=a B=}}");
  CHECK(text->missing == std::vector<std::string>{"vars.B"});
  CHECK(interpolate("${{ inputs.flag }} ${{ inputs.count }}", scope())->text == "true 3");
  CHECK(evaluate_text(" ${{ inputs.count }} ", scope())->value == 3);
  CHECK(evaluate_text("${{ vars.A }}${{ vars.A }}", scope())->value == "aa");
  CHECK(evaluate("vars.A || vars.B", scope())->missing.empty());
}

TEST_CASE("conditions") {
  ExpressionScope failed = scope();
  failed.failed = true;
  CHECK(*evaluate_condition("github.ref_name == 'main'", scope()));
  CHECK(*evaluate_condition("${{ inputs.flag }}", scope()));
  CHECK_FALSE(*evaluate_condition("vars.A", failed));
  CHECK(*evaluate_condition("always() && vars.A", failed));
}

TEST_CASE("what is no expression says why") {
  for (const char* text :
       {"", "vars.", "vars.A &&", "(vars.A", "'open", "vars.A)", "\"a\"", "a b", "unknown.X",
        "nothing()", "format('{3}', 1)", "fromJSON('{')", "1x", "vars[", "contains('a')"}) {
    INFO(text);
    auto result = evaluate(text, scope());
    REQUIRE_FALSE(result);
    CHECK_FALSE(result.error().message.empty());
  }
  CHECK(evaluate("secret.A", scope()).error().remedy == "did you mean 'secrets'?");
  CHECK_FALSE(interpolate("${{ vars.A", scope()));
  CHECK_FALSE(evaluate(std::string(100'000, '('), scope()));
  CHECK_FALSE(evaluate(std::string(100'000, '!'), scope()));
}
