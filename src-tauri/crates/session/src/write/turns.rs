//! Whose turn it is: an order of the writes in which no moment between two of them loses, or lets through, what neither the world before
//! nor the world after does. By kind such an order is found for most changes (`change::order`); where a kind's objects take away what
//! another names, only asking the engine about each moment tells.

use mesh::{Effect, Ready, Unknown};
use world::{Said, said};

use super::plan::{Method, Step};
use super::review::outcome;

/// Moments that are asked about: a change of hundreds of objects, of which each could come first, is not tried in all orders.
const MOST_MOMENTS: usize = 64;

/// Puts the steps into such an order, as near to the given one as it may be. Where there is none, the step after which the moment begins
/// says so; where too many moments would have to be asked about, that is said as well.
pub(super) fn choose(before: &Ready, effect: &Effect, mut left: Vec<Step>) -> (Vec<Step>, Option<Unknown>) {
    let mut chosen: Vec<Step> = Vec::with_capacity(left.len());
    let (mut asked, mut told) = (0, Vec::new());
    while left.iter().filter(|step| step.method != Method::Nothing).count() > 1 {
        let (mut next, mut first) = (None, None);
        for (at, step) in left.iter().enumerate() {
            if step.method == Method::Nothing {
                next = Some(at);
                break;
            }
            if asked == MOST_MOMENTS {
                chosen.append(&mut left);
                let because = said!(
                    "there are more moments between so many writes than are looked at",
                    "写入的对象太多，其间的时刻未逐一检查"
                );
                return (chosen, Some(Unknown { about: ("between the writes", "写入之间").into(), because }));
            }
            asked += 1;
            let moment = before.after(&outcome(before.world(), chosen.iter().chain([step])));
            match effect.lapse(&moment) {
                None => {
                    next = Some(at);
                    break;
                }
                Some(lapse) if first.is_none() => first = Some((at, lapse)),
                Some(_) => {}
            }
        }
        let mut step = left.remove(next.or(first.as_ref().map(|(at, _)| *at)).unwrap_or_default());
        if let (None, Some((_, lapse))) = (next, first)
            && !told.contains(&lapse.change.title)
        {
            step.lapse = Said::of(lapse.change.title.clone(), lapse.meanwhile);
            told.push(lapse.change.title.clone());
        }
        chosen.push(step);
    }
    chosen.append(&mut left);
    (chosen, None)
}
