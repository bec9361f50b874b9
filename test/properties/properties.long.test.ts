/** The properties, thousands of runs each; a counterexample is printed smallest, with the seed that repeats it. */
import { agreementTests } from "./agreement.ts";
import { choiceTests } from "./choice.ts";
import { orderTests } from "./order.ts";
import { effort } from "./settings.ts";

const MANY = effort(2_000);

orderTests(MANY);
choiceTests(MANY);
agreementTests(MANY);
