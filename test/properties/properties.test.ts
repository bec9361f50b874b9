/** The properties, a few runs each, the same ones each time; `npm run test:long` tries them often, and others each time. */
import { agreementTests } from "./agreement.ts";
import { caWordTests } from "./ca-word.ts";
import { choiceTests } from "./choice.ts";
import { orderTests } from "./order.ts";
import { partnerOverTimeTests } from "./partner-over-time.ts";
import { revocationTests } from "./revocation.ts";
import { effort } from "./settings.ts";
import { spellingTests } from "./spelling.ts";

const FEW = effort(60, 1);

orderTests(FEW);
choiceTests(FEW);
agreementTests(FEW);
spellingTests(FEW);
revocationTests(FEW);
caWordTests(FEW);
// Each run is a robot of its own.
partnerOverTimeTests(effort(12, 1));
