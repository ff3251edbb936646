"use strict";
SB.chart(SB.id("points"), { ...SB.page.chart, height: 340 });
