package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"utkik/internal/call"
	"utkik/internal/plan"
	"utkik/internal/subscription"
	"utkik/internal/watch"
)

// period is the time that is counted: from its beginning to before its end.
type period struct{ from, until time.Time }

func (p period) holds(t time.Time) bool { return !t.Before(p.from) && t.Before(p.until) }

// Build counts.
func Build(in Input) (Report, error) {
	w, err := wordsOf(in.Language)
	if err != nil {
		return Report{}, err
	}
	zone := call.Brussels() // the clocks of Sweden show the same
	p := period{time.Date(in.Year, 1, 1, 0, 0, 0, 0, zone), time.Date(in.Year+1, 1, 1, 0, 0, 0, 0, zone)}
	r := Report{Format: Format, Year: in.Year, Made: in.Now.UTC(), Plan: in.Plan.ID, PlanName: in.Plan.Name, Authority: in.Plan.Authority,
		Language: w.language, Whole: !in.Now.Before(p.until), Months: make([]int, 12)}
	if !in.Now.After(p.from) {
		return r, fmt.Errorf("year %d has not begun: the program's clock says %s", in.Year, in.Now.In(zone).Format("2006-01-02 15:04"))
	}
	if w.language == "en" {
		r.PlanName = cmp.Or(in.Plan.NameEN, in.Plan.Name)
	}
	if !r.Whole {
		p.until = in.Now.Add(time.Millisecond) // what is of this very moment is known
	}
	r.From, r.Until = p.from.Format(time.DateOnly), p.until.Add(-time.Nanosecond).In(zone).Format(time.DateOnly)

	r.Items = items(in, p)
	firsts := map[int]int{}
	for i := range r.Items {
		if it := &r.Items[i]; it.New {
			if d, err := time.Parse(time.DateOnly, it.FirstSeen); err == nil {
				firsts[int(d.Month())-1]++
			}
		}
	}
	for m, n := range firsts {
		r.Months[m] = n
	}
	r.Total = count(r.Items, func(*Item) bool { return true })
	for i := range in.Plan.Priorities {
		prio := &in.Plan.Priorities[i]
		line := Priority{ID: prio.ID, Name: prio.Name, Networks: networks(prio), Figures: count(r.Items, func(it *Item) bool { return slices.Contains(it.Priorities, prio.ID) })}
		if w.language == "en" {
			line.Name = cmp.Or(prio.NameEN, prio.Name)
		}
		r.Priorities = append(r.Priorities, line)
	}
	r.Departments = departments(in.Plan, r.Items, w)
	r.Networks = byNetwork(in.Plan, r.Items)
	for _, s := range in.Sources {
		if line, ok := source(s, p, w); ok {
			r.Sources = append(r.Sources, line)
		}
	}
	slices.SortFunc(r.Sources, func(a, b Source) int { return cmp.Or(cmp.Compare(a.Well, b.Well), cmp.Compare(a.ID, b.ID)) })
	r.Weeded = in.Weeded
	r.Gaps = gaps(&r, w)
	return r, nil
}

// items puts together what is the same, and keeps what concerned a priority in the time.
func items(in Input, p period) []Item {
	head := map[call.Key]call.Key{}
	for _, g := range in.Groups {
		for _, k := range g {
			head[k] = g[0]
		}
	}
	of := func(k call.Key) call.Key {
		if h, ok := head[k]; ok {
			return h
		}
		return k
	}
	members := map[call.Key][]*Found{}
	for i := range in.Items {
		k := of(in.Items[i].Call.Key())
		members[k] = append(members[k], &in.Items[i])
	}
	listed, mails := map[call.Key]bool{}, map[call.Key]int{}
	for _, e := range in.Digests {
		for k := range unique(e.Keys, of) {
			listed[k] = true
		}
	}
	for _, e := range in.Mails {
		for k := range unique(e.Keys, of) {
			mails[k] += e.Mails
		}
	}
	decided := map[call.Key][]subscription.Decision{}
	for _, d := range in.Decisions {
		if d.At.Before(p.until) {
			decided[of(d.Key)] = append(decided[of(d.Key)], d)
		}
	}
	var out []Item
	for k, group := range members {
		slices.SortFunc(group, func(a, b *Found) int {
			return cmp.Or(cmp.Compare(bit(a.Call.Key() != k), bit(b.Call.Key() != k)), a.Call.Key().Compare(b.Call.Key()))
		})
		it, ok := item(in, p, group)
		if !ok {
			continue
		}
		it.InDigest, it.Mails = listed[k], mails[k]
		it.decide(decided[k], p)
		out = append(out, it)
	}
	slices.SortFunc(out, func(a, b Item) int {
		return cmp.Or(cmp.Compare(bit(a.LastDay == ""), bit(b.LastDay == "")), strings.Compare(a.LastDay, b.LastDay), strings.Compare(a.Source, b.Source), strings.Compare(a.Ref, b.Ref))
	})
	return out
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func unique(keys []call.Key, of func(call.Key) call.Key) map[call.Key]bool {
	out := map[call.Key]bool{}
	for _, k := range keys {
		out[of(k)] = true
	}
	return out
}

// item is what a group of the same comes to; false when it concerned no priority, or not in the time.
func item(in Input, p period, group []*Found) (Item, bool) {
	zone := call.Brussels()
	c := &group[0].Call
	title, _ := c.TitleIn(cmp.Or(in.Language, "sv"))
	it := Item{Source: c.Source, Ref: c.Ref, Also: []string{}, Kind: c.Kind, Title: title, Programme: c.Programme, URL: c.URL, Choice: subscription.Undecided, Timing: Ahead, Decisions: []Decision{}, Priorities: []string{}}
	first, begins, ends := group[0], time.Time{}, time.Time{}
	concerns := map[string]bool{}
	for i, f := range group {
		if i > 0 {
			it.Also = append(it.Also, f.Call.Key().String())
		}
		if f.FirstSeen.Before(first.FirstSeen) {
			first = f
		}
		from, to := f.FirstSeen, f.LastSeen
		if !f.Call.Opens.IsZero() && f.Call.Opens.Time().Before(from) {
			from = f.Call.Opens.Time()
		}
		last, ok := f.Call.LastDeadline()
		if !ok && f.Call.Status == call.StatusClosed {
			to = time.Time{} // nobody knows when it could be applied for: an archive's, or it was new
		}
		if ok {
			to = last.End()
			if day := last.Date(); day > it.LastDay {
				it.LastDay = day
			}
		}
		if begins.IsZero() || from.Before(begins) {
			begins = from
		}
		if to.After(ends) {
			ends = to
		}
		for _, id := range f.Priorities {
			concerns[id] = true
		}
	}
	for _, id := range in.Plan.PriorityIDs() {
		if concerns[id] {
			it.Priorities = append(it.Priorities, id)
		}
	}
	it.FirstSeen = first.FirstSeen.In(zone).Format(time.DateOnly)
	it.New = in.New[first.Call.Key()] && p.holds(first.FirstSeen)
	alive := begins.Before(p.until) && ends.After(p.from) && first.FirstSeen.Before(p.until)
	return it, len(it.Priorities) > 0 && (it.New || alive)
}

// decide notes what was decided of an item. Of each department and person the latest counts.
func (it *Item) decide(all []subscription.Decision, p period) {
	zone := call.Brussels()
	latest := map[string]subscription.Decision{}
	for _, d := range all {
		who := cmp.Or(d.Department, d.Recipient)
		if was, ok := latest[who]; !ok || !d.At.Before(was.At) {
			latest[who] = d
		}
	}
	first := time.Time{}
	for _, who := range slices.Sorted(maps.Keys(latest)) {
		d := latest[who]
		if d.Choice == subscription.Undecided {
			continue
		}
		it.Decisions = append(it.Decisions, Decision{Who: who, Choice: d.Choice, Why: d.Why, Day: d.At.In(zone).Format(time.DateOnly), at: d.At, department: d.Department})
		if first.IsZero() || d.At.Before(first) {
			first = d.At
		}
		if rank(d.Choice) > rank(it.Choice) {
			it.Choice = d.Choice
		}
	}
	if it.LastDay == "" {
		return
	}
	day, err := time.ParseInLocation(time.DateOnly, it.LastDay, zone)
	end := day.AddDate(0, 0, 1)
	switch {
	case err != nil || end.After(p.until) || end.Before(p.from): // to come, or of another year
	case first.IsZero():
		it.Timing = Passed
	case first.Before(end):
		it.Timing = InTime
	default:
		it.Timing = Late
	}
}

// rank orders choices by what they commit to.
func rank(c subscription.Choice) int {
	return slices.Index([]subscription.Choice{subscription.Undecided, subscription.NotRelevant, subscription.Follow, subscription.Act}, c)
}

func count(items []Item, which func(*Item) bool) (f Figures) {
	for i := range items {
		it := &items[i]
		if !which(it) {
			continue
		}
		switch it.Kind {
		case call.KindCall:
			f.Calls++
		case call.KindConsultation:
			f.Consultations++
		default:
			f.Others++
		}
		f.New += bit(it.New)
		f.InDigest += bit(it.InDigest)
		f.Mailed += bit(it.Mails > 0)
		f.Mails += it.Mails
		f.Untold += bit(!it.InDigest && it.Mails == 0 && (it.Kind == call.KindCall || it.Kind == call.KindConsultation))
		switch it.Choice {
		case subscription.Act:
			f.Act++
		case subscription.Follow:
			f.Follow++
		case subscription.NotRelevant:
			f.NotRelevant++
		default:
			f.Undecided++
		}
		f.InTime += bit(it.Timing == InTime)
		f.Late += bit(it.Timing == Late)
		f.Passed += bit(it.Timing == Passed)
	}
	return f
}

func departments(p *plan.Plan, items []Item, w *words) []Department {
	out := []Department{}
	for _, d := range p.Departments {
		line := Department{ID: d.ID, Name: d.Name}
		if w.language == "en" {
			line.Name = cmp.Or(d.NameEN, d.Name)
		}
		for i := range items {
			it := &items[i]
			line.Concerned += bit(slices.ContainsFunc(it.Priorities, func(id string) bool { return slices.Contains(d.Priorities, id) }))
			for _, x := range it.Decisions {
				if x.department != d.ID {
					continue
				}
				line.Act += bit(x.Choice == subscription.Act)
				line.Follow += bit(x.Choice == subscription.Follow)
				line.NotRelevant += bit(x.Choice == subscription.NotRelevant)
			}
		}
		out = append(out, line)
	}
	return out
}

// networks are those that a priority's activities name, each once.
func networks(p *plan.Priority) []string {
	out := []string{}
	for _, a := range p.Activities {
		for _, n := range a.Networks {
			if !slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(o, n) }) {
				out = append(out, n)
			}
		}
	}
	return out
}

func byNetwork(p *plan.Plan, items []Item) []Network {
	out := []Network{}
	at := map[string]int{}
	for i := range p.Priorities {
		for _, id := range networks(&p.Priorities[i]) {
			n, ok := at[strings.ToLower(id)]
			if !ok {
				n = len(out)
				at[strings.ToLower(id)] = n
				line := Network{ID: id, Name: id}
				for _, known := range p.Networks {
					if known.ID == id {
						line.Name = known.Name
					}
				}
				out = append(out, line)
			}
			out[n].Priorities = append(out[n].Priorities, p.Priorities[i].ID)
		}
	}
	for i := range out {
		f := count(items, func(it *Item) bool {
			return slices.ContainsFunc(it.Priorities, func(id string) bool { return slices.Contains(out[i].Priorities, id) })
		})
		out[i].Calls, out[i].Consultations, out[i].Act = f.Calls, f.Consultations, f.Act
	}
	slices.SortFunc(out, func(a, b Network) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// source judges one source; false when it was not in service.
func source(s Reading, p period, w *words) (Source, bool) {
	line := Source{ID: s.Source.ID, Name: s.Source.Name, Held: s.Held}
	if w.language == "en" {
		line.Name = cmp.Or(s.Source.NameEN, s.Source.Name)
	}
	var runs []watch.Run // that had ended by the end of the time
	for _, r := range s.Runs {
		if !r.Ended.Before(p.until) {
			continue
		}
		runs = append(runs, r)
		if !p.holds(r.Ended) {
			continue
		}
		line.Runs++
		line.Complete += bit(r.Complete && r.Error == "" && !r.Suspect)
		line.New += r.Added
		line.Changed += r.Changed
	}
	if line.Runs == 0 {
		line.Never = true
		return line, s.Source.Enabled
	}
	from := p.from // since when it could have been well
	if first := runs[0].Ended; first.After(from) {
		from = first
	}
	spells := watch.History(s.Source, runs, p.until)
	ill, run := time.Duration(0), time.Duration(0)
	served := p.until.Sub(from)
	for i, spell := range spells {
		begin, end := spell.Since, p.until
		if i+1 < len(spells) {
			end = spells[i+1].Since
		}
		if begin.Before(from) {
			begin = from
		}
		if !end.After(begin) {
			continue
		}
		switch {
		case spell.State == watch.Disabled:
			served -= end.Sub(begin)
			run = 0
		case spell.State.Well():
			run = 0
		default:
			ill += end.Sub(begin)
			run += end.Sub(begin)
			line.Longest = max(line.Longest, days(run))
		}
	}
	line.Ill = days(ill)
	if served > 0 {
		line.Well = 1 - float64(ill)/float64(served)
	}
	return line, true
}

// days is a duration in days, to a tenth.
func days(d time.Duration) float64 { return float64(d.Round(144*time.Minute)/(144*time.Minute)) / 10 }

// illDays is from how many days on a source's faults are a gap.
const illDays = 2

func gaps(r *Report, w *words) []Gap {
	out := []Gap{}
	if r.Weeded > 0 {
		out = append(out, Gap{"weeded", "", w.GapWeeded.of(r.Weeded)})
	}
	for _, p := range r.Priorities {
		if p.Calls+p.Consultations == 0 {
			out = append(out, Gap{"priority", p.ID, fmt.Sprintf(w.GapPriority, p.Name)})
		} else if p.Untold > 0 {
			out = append(out, Gap{"told", p.ID, w.GapTold.of(p.Untold, p.Name)})
		}
	}
	for _, n := range r.Networks {
		if n.Calls+n.Consultations == 0 {
			out = append(out, Gap{"network", n.ID, fmt.Sprintf(w.GapNetwork, n.Name)})
		}
	}
	for _, s := range r.Sources {
		switch {
		case s.Never:
			out = append(out, Gap{"source", s.ID, fmt.Sprintf(w.GapNever, s.Name)})
		case s.Ill >= illDays:
			out = append(out, Gap{"source", s.ID, w.GapSource.of(int(s.Ill+.5), s.Name)})
		}
	}
	return out
}
