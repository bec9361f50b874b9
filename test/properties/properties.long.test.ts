/** The properties, thousands of runs each; a counterexample is printed smallest, with the seed that repeats it. */
import { agreementTests } from "./agreement.ts";
import { choiceTests } from "./choice.ts";
import { orderTests } from "./order.ts";
import { revocationTests } from "./revocation.ts";
import { effort } from "./settings.ts";
import { spellingTests } from "./spelling.ts";

const MANY = effort(2_000);

orderTests(MANY);
choiceTests(MANY);
agreementTests(MANY);
spellingTests(MANY);
revocationTests(MANY);
