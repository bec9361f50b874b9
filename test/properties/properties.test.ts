/** The properties, a few runs each; `npm run test:long` tries them often. */
import { agreementTests } from "./agreement.ts";
import { choiceTests } from "./choice.ts";
import { orderTests } from "./order.ts";
import { effort } from "./settings.ts";

const FEW = effort(60);

orderTests(FEW);
choiceTests(FEW);
agreementTests(FEW);
