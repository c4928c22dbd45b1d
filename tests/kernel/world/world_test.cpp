#include "catch.h"
#include "world_driver.h"

TEST_CASE("a world runs a command as the ordinary user and reports its end") {
  WorldDriver driver;
  auto finished = driver.run(driver.shell("id -u; pwd; whoami; echo $$; hostname; exit 7"));
  INFO((finished.error ? finished.error->text() : ""));
  REQUIRE_FALSE(finished.error);
  REQUIRE(finished.end);
  CHECK(finished.end->code == 7);
  CHECK(finished.output == "1000\n/home/user\nuser\n2\nrelapse\n");
  CHECK(finished.gone);
}
