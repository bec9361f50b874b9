/** The properties, thousands of runs each; a counterexample is printed smallest, with the seed that repeats it. */
import { agreementTests } from "./agreement.ts";
import { caWordTests } from "./ca-word.ts";
import { choiceTests } from "./choice.ts";
import { orderTests } from "./order.ts";
import { partnerOverTimeTests } from "./partner-over-time.ts";
import { revocationTests } from "./revocation.ts";
import { effort } from "./settings.ts";
import { spellingTests } from "./spelling.ts";

const MANY = effort(2_000);

orderTests(MANY);
choiceTests(MANY);
agreementTests(MANY);
spellingTests(MANY);
revocationTests(MANY);
caWordTests(MANY);
// Each run is a robot of its own.
partnerOverTimeTests(effort(200));
