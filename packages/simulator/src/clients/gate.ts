/** How many meet at the barrier `gate` that players use. */
export const gateParties = 2;
