// Today's figures. The server computes every rate; here they are only written down.

import { count, duration, percent, put, putFigure, text } from "./format.js";

const element = (id) => document.getElementById(id);

function tile(name, value, detail, of = "") {
  const part = (kind) => element(`tile-${name}`).querySelector(`[data-${kind}]`);
  putFigure(part("figure"), value);
  put(part("detail"), detail);
  put(part("of"), of);
}

const fraction = ({ part, of }) => `${count(part)}/${count(of)}`;
const average = ({ mean_ms: mean }) => (mean === null ? "–" : duration(mean));

export function showDay(day, house) {
  const { offered, answered, abandoned } = day;
  const rest = { blocked: count(day.blocked), closed: count(day.closed), flow: count(day.in_flow) };
  tile("offered", count(offered), text("offered_of", { all: count(day.contacts), ...rest }));
  tile("answered", count(answered), text("answered_rate", { rate: percent(day.answer_rate.share) }));
  const short = text("abandoned_short", { count: count(day.short_abandoned) });
  tile("abandoned", count(abandoned), text("abandoned_rate", { rate: percent(day.abandon_rate.share) }), short);

  put(element("timely-rule"), text("timely_rule", { rings: house.target_rings, target: duration(house.target_ms) }));
  putFigure(element("timely-all"), percent(day.timely_all.share));
  put(element("timely-all-of"), fraction(day.timely_all));
  putFigure(element("timely-asked"), percent(day.timely_asked.share));
  put(element("timely-asked-of"), fraction(day.timely_asked));

  const within = text("sl1_rule", { seconds: house.service_level_s });
  tile("sl1", percent(day.sl1.share), within, fraction(day.sl1));
  const waited = text("wait_rule", { count: count(day.wait.count) });
  const { part, of, share: asPromised } = day.promises;
  const counts = { kept: count(part), of: count(of), rate: percent(asPromised) };
  const kept = of ? `\n${text("promises_rule", counts)}` : "";
  tile("wait", average(day.wait), `${waited}${kept}`);
  tile("talk", average(day.talk), text("talk_rule", { count: count(day.talk.count) }));
  const { part: top, answers, asked, share } = day.satisfaction;
  if (asked === 0) return tile("satisfaction", "–", text("none_yet"));
  const told = text("satisfaction_rule", { top: count(top), answers: count(answers) });
  const replied = text("satisfaction_of", { asked: count(asked), rate: percent(answers / asked) });
  tile("satisfaction", percent(share), `${told}\n${replied}`);
}
