package digest

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/plan"
	"utkik/internal/subscription"
	"utkik/internal/watch"
)

// builder carries what every step needs; it lives for one Build.
type builder struct {
	in         Input
	w          *words
	today      time.Time
	priorities []*plan.Priority // the department's, in its order
	rank       map[string]int   // of a priority's id in that order
	sources    map[string]SourceState
	items      map[call.Key]*Item
	held       map[call.Key]bool
	soon       []*Item              // what draws near
	entries    *sync.Map            // of the day's, by entryKey
	groups     map[call.Key][]*Item // of two at the least, by each of them

	reminders map[call.Key]int // steps of what is reminded of

	reader   *Reader    // nil for a department
	labels   []string   // what the reader's subscriptions are called
	wanted   [][]string // priorities of each, departments taken apart
	followed int        // how many of priorities the reader follows; the rest is the plan's
}

// Build decides what the department is told on the day. An error means that the input names a department, a
// priority, a day or a language that does not exist; calls and changes never make one.
func Build(in Input) (Digest, error) {
	d, err := NewDay(in)
	if err != nil {
		return Digest{}, err
	}
	return d.Department(in.Department, cmp.Or(in.Language, "sv"))
}

func (b *builder) build() Digest {
	d := Digest{
		Format: Format, Plan: b.in.Plan.ID, PlanName: plain(b.name(b.in.Plan.Name, b.in.Plan.NameEN), maxTitle), Authority: plain(b.in.Plan.Authority, maxTitle),
		Department: b.in.Department, DepartmentName: b.department(), Date: b.in.Date, DateWords: b.w.day(b.today),
		Language: b.in.Language, Warnings: []string{}, Baselines: []Baseline{}, Sections: []Section{}, More: link(b.in.More), Follows: b.labels,
	}
	if b.reader != nil {
		d.Foot = Foot{link(b.reader.Foot.Unsubscribe), link(b.reader.Foot.Pause)}
	}
	left := map[Reason]int{}
	chosen := map[SectionID][]Entry{}
	used := map[call.Key]bool{}
	for _, r := range b.reminded() {
		b.reminders[r.Key] = r.Step
	}
	if b.only() {
		d.Only, b.in.Changes, b.in.Sources, b.in.Held, b.soon = Reminders, nil, nil, nil, nil
	}
	d.Proof.Changes = len(b.in.Changes)
	for _, c := range b.gather(b.candidates(left), left) {
		section, e := b.tell(c, left)
		if section == "" {
			continue
		}
		used[c.it.Call.Key()] = true
		chosen[section] = append(chosen[section], e)
	}
	d.Proof.Told = d.Proof.Changes
	for _, n := range left {
		d.Proof.Told -= n
	}
	for _, r := range b.reminded() {
		it := b.items[r.Key]
		if it == nil || used[r.Key] {
			continue
		}
		used[r.Key] = true
		e := b.entry(it, nil)
		e.Doubtful = false // whoever takes it knows
		chosen[Reminders] = append(chosen[Reminders], e)
	}
	for _, it := range b.soon {
		if used[it.Call.Key()] || b.held[it.Call.Key()] || !b.concerns(it) || b.stands(it) != it {
			continue
		}
		used[it.Call.Key()] = true
		section := b.standing(it)
		chosen[section] = append(chosen[section], b.entry(it, nil))
	}
	for _, id := range order {
		if es := chosen[id]; len(es) > 0 {
			s := b.section(id, es, d.More)
			for _, g := range s.Groups {
				d.Proof.Folded += len(g.Items) - g.Shown
			}
			d.Sections = append(d.Sections, s)
		}
	}
	slices.SortStableFunc(d.Sections, func(x, y Section) int { return cmp.Compare(x.pull(), y.pull()) })
	d.Baselines = b.baselines(d.Sections)
	b.markTold(&d)
	d.Proof.Sources = b.sourceProofs()
	broken := b.warn(&d)
	b.prove(&d, left)
	parts, others := b.summary(&d)
	d.Subject = b.subject(&d, parts, others, broken)
	d.Lead = b.standIn() + b.lead(&d, parts, others)
	return d
}

// reminded gives the reminders of whom the digest is for.
func (b *builder) reminded() []subscription.Reminder {
	if b.reader != nil {
		return b.reader.Reminders
	}
	return b.in.Reminders[b.in.Department]
}

// only tells whether the digest has reminders and nothing else.
func (b *builder) only() bool { return b.reader != nil && b.reader.Only }

// candidates gives the material changes of matching calls, call by call in the order of their keys, and counts
// the rest under the first reason that holds.
func (b *builder) candidates(left map[Reason]int) [][]call.Change {
	byKey := map[call.Key][]call.Change{}
	for _, c := range b.in.Changes {
		it, known := b.items[c.Key()]
		switch {
		case b.held[c.Key()]:
			left[ReasonHeld]++
		case c.Mended:
			left[ReasonMended]++
		case c.Baseline:
			left[ReasonBaseline]++
		case !c.Material && c.Event == call.EventClosed:
			left[ReasonClosed]++
		case !c.Material:
			left[ReasonWording]++
		case !known:
			left[ReasonUnknown]++
		case b.dismissed(c.Key()):
			left[ReasonDismissed]++
		case !b.concerns(it):
			left[ReasonUnmatched]++
		default:
			byKey[c.Key()] = append(byKey[c.Key()], c)
		}
	}
	out := make([][]call.Change, 0, len(byKey))
	for _, cs := range byKey {
		slices.SortStableFunc(cs, func(x, y call.Change) int { return cmp.Or(cmp.Compare(x.Seq, y.Seq), x.At.Compare(y.At)) })
		out = append(out, cs)
	}
	slices.SortFunc(out, func(x, y []call.Change) int { return x[0].Key().Compare(y[0].Key()) })
	return out
}

// tell finds the section of a matching call that changed, or counts its changes as left out.
func (b *builder) tell(c candidate, left map[Reason]int) (SectionID, Entry) {
	it := c.it
	t := b.merge(it, c.cs)
	closed := it.Call.StatusAt(b.in.Now) == call.StatusClosed || !it.Gone.IsZero()
	switch {
	case t.isNew && t.gone:
		left[ReasonFleeting] += len(c.cs)
		left[ReasonLinked] += len(c.odds)
		return "", Entry{}
	case t.isNew && closed:
		left[ReasonClosed] += len(c.cs)
		left[ReasonLinked] += len(c.odds)
		return "", Entry{}
	}
	for r, n := range t.left {
		left[r] += n
	}
	if len(c.odds) > 0 {
		t.notices = append(t.notices, Notice{Event: call.EventDeadlines, Field: "deadlines", Words: b.odds(it), Seqs: c.odds})
	}
	answer := it.Call.Kind == call.KindConsultation
	switch {
	case t.isNew && answer, t.opened && answer && len(t.notices) == 1:
		return Consultations, b.entry(it, t.notices)
	case t.isNew:
		return New, b.entry(it, t.notices)
	case len(t.notices) == 0:
		return "", Entry{}
	case t.opened && len(t.notices) == 1:
		return Opened, b.entry(it, t.notices)
	}
	return Changed, b.entry(it, t.notices)
}

// standing finds the section of a call that did not change: closing soon, else opening soon, else none.
func (b *builder) standing(it *Item) SectionID {
	c := &it.Call
	if !it.Gone.IsZero() || c.StatusAt(b.in.Now) == call.StatusClosed {
		return ""
	}
	opensIn := -1
	if !c.Opens.IsZero() {
		opensIn = b.days(c.Opens)
	}
	if next, ok := c.NextDeadline(b.in.Now); ok && b.days(next) <= b.in.Horizon.ClosingDays {
		return ClosingSoon
	}
	ahead := c.Status == call.StatusForthcoming || c.Kind == call.KindPlanned || c.Status == ""
	if ahead && opensIn >= 0 && opensIn <= b.in.Horizon.OpeningDays && !c.Opens.End().Before(b.in.Now) {
		return OpeningSoon
	}
	return ""
}

func (b *builder) days(m call.Moment) int { return daysBetween(b.today, local(m)) }

// matching gives the results that count for the department, best first; on equal scores in its order.
func (b *builder) matching(it *Item) []match.Result {
	var out []match.Result
	for _, r := range it.Results {
		if _, ours := b.rank[r.Priority]; ours && r.Included {
			out = append(out, r)
		}
	}
	if len(out) > 1 {
		slices.SortStableFunc(out, func(x, y match.Result) int {
			return cmp.Or(cmp.Compare(b.followedFirst(x.Priority), b.followedFirst(y.Priority)), cmp.Compare(y.Score, x.Score), cmp.Compare(b.rank[x.Priority], b.rank[y.Priority]))
		})
	}
	return out
}

// entry is an item as the reader is told of it: what it is, which is made once for all who see it under the same
// priorities, what happened to it, and what led to it.
func (b *builder) entry(it *Item, notices []Notice) Entry {
	results := b.matching(it)
	e := b.standingEntry(it, results)
	e.Notices = notices
	if e.Notices == nil {
		e.Notices = []Notice{}
	}
	if step, ok := b.reminders[e.key]; ok {
		e.Reminder = &step
	}
	b.sort(it, &e)
	return e
}

// entryKey names an entry that several readers see alike.
type entryKey struct {
	language string
	key      call.Key
	under    string // priorities, in order; those that the reader does not follow come after a bar
}

func (b *builder) standingEntry(it *Item, results []match.Result) Entry {
	key := entryKey{language: b.w.lang, key: it.Call.Key()}
	for i, r := range results {
		if b.followedFirst(r.Priority) > 0 && (i == 0 || b.followedFirst(results[i-1].Priority) == 0) {
			key.under += "|"
		}
		key.under += r.Priority + " "
	}
	if e, ok := b.entries.Load(key); ok {
		return e.(Entry)
	}
	e := b.makeEntry(it, results)
	if b.w.err == nil {
		b.entries.Store(key, e)
	}
	return e
}

func (b *builder) makeEntry(it *Item, results []match.Result) Entry {
	c := &it.Call
	title, in := c.TitleIn(b.w.lang)
	e := Entry{
		Source: c.Source, Ref: c.Ref, SourceName: b.sourceName(it), Elsewhere: b.elsewhere(it), Odds: b.odds(it),
		Kind: c.Kind, KindWords: b.w.t("kind." + string(known(c.Kind))),
		Title: plain(cmp.Or(title, c.Identifier, c.Ref), maxTitle), Language: in, TextLanguage: c.Language,
		Programme: plain(c.Programme, maxLabel), Identifier: plain(c.Identifier, maxLabel), Project: plain(c.Project, maxLabel),
		URL: link(c.URL), Status: string(c.StatusAt(b.in.Now)), DeadlineModel: c.DeadlineModel, Deadlines: []Date{},
		BudgetEUR: c.BudgetEUR, Grants: c.Grants, MinEUR: c.MinEUR, MaxEUR: c.MaxEUR, Money: b.w.money(c.BudgetEUR, c.Grants, c.MinEUR, c.MaxEUR),
		Eligible: plain(c.Eligible, maxEligible), Against: b.against(results),
		Also: []Also{}, Why: Why{Part: PartText, Networks: []string{}}, key: c.Key(), hit: -1, opensAt: c.Opens,
	}
	if b.in.Links != nil {
		l := b.in.Links(e.key, b.w.lang)
		e.Links = Links{link(l.Read), link(l.Calendar), link(l.Follow), link(l.Act), link(l.NotRelevant), link(l.Answer)}
	}
	if len(results) > 0 {
		best, _ := b.in.Plan.Priority(results[0].Priority)
		e.Priority, e.PriorityName, e.Score = best.ID, b.priorityName(best), results[0].Score
		e.Why = b.why(c, best, results[0].Reasons)
	}
	if c.Language != "" && c.Language != b.w.lang {
		if name := b.w.languageName(c.Language); name != "" {
			e.LanguageWords = b.w.f("language.in", args{Name: name})
		}
	}
	if !c.Opens.IsZero() {
		o := b.date(c.Opens)
		e.Opens = &o
	}
	for _, m := range c.Deadlines {
		e.Deadlines = append(e.Deadlines, b.date(m))
	}
	if next, ok := c.NextDeadline(b.in.Now); ok {
		n := b.date(next)
		e.Deadline, e.deadline = &n, next
	}
	for i, r := range results {
		if i == 0 || b.followedFirst(r.Priority) > 0 {
			continue
		}
		p, _ := b.in.Plan.Priority(r.Priority)
		e.Also = append(e.Also, Also{p.ID, b.priorityName(p)})
	}
	e.Doubtful = slices.ContainsFunc(e.Against, func(a Against) bool { return a.Eligibility })
	if !it.FirstSeen.IsZero() {
		seen := it.FirstSeen.UTC()
		e.FirstSeen = &seen
	}
	return e
}

func (b *builder) sourceName(it *Item) string {
	return plain(cmp.Or(b.sources[it.Call.Source].Name, it.Call.Source), maxLabel)
}

func (b *builder) date(m call.Moment) Date {
	d := Date{Day: local(m).Format(time.DateOnly), Days: b.days(m), Passed: m.Passed(b.in.Now), Words: b.w.moment(m)}
	d.Short, d.Near = b.w.short(m, b.today.Year()), b.w.near(m, b.today.Year())
	d.Left = b.w.left(d.Days)
	if !m.DayOnly() {
		d.Time = m.Time().UTC().Format(time.RFC3339)
	}
	return d
}

func (b *builder) name(own, en string) string {
	if b.w.lang == "en" {
		return cmp.Or(en, own)
	}
	return own
}

func (b *builder) department() string {
	if b.reader != nil {
		return plain(b.reader.Name, maxLabel)
	}
	dep, _ := b.in.Plan.Department(b.in.Department)
	return plain(b.name(cmp.Or(dep.Name, dep.ID), dep.NameEN), maxLabel)
}

func (b *builder) priorityName(p *plan.Priority) string {
	return plain(b.name(cmp.Or(p.Name, p.ID), p.NameEN), maxLabel)
}

// section groups entries by priority in the department's order, the doubtful ones last, and folds what is too
// long. What is soon is one list by date, the rest is ordered by score, and at last by the key, which is unique.
func (b *builder) section(id SectionID, es []Entry, more string) Section {
	soon := id.byDate()
	byDate := func(x, y Entry) int {
		if id == OpeningSoon {
			return x.opensAt.Compare(y.opensAt)
		}
		return compareDeadlines(x.deadline, y.deadline)
	}
	slices.SortFunc(es, func(x, y Entry) int {
		score := cmp.Compare(y.Score, x.Score)
		if soon {
			return cmp.Or(byDate(x, y), score, x.key.Compare(y.key))
		}
		return cmp.Or(remindedFirst(x)-remindedFirst(y), score, byDate(x, y), x.key.Compare(y.key))
	})
	s := Section{ID: id, Heading: b.w.t("section." + string(id))}
	for i := range es {
		if es[i].Doubtful {
			s.Doubtful++
		} else {
			s.Count++
		}
	}
	add := func(g Group, keep func(Entry) bool) {
		for _, e := range es {
			if keep(e) {
				g.Items = append(g.Items, e)
			}
		}
		if len(g.Items) == 0 {
			return
		}
		g.Shown = min(len(g.Items), b.in.Horizon.Fold)
		switch {
		case soon && g.Doubtful:
			g.Shown = 0
		case id == Reminders:
			g.Shown = len(g.Items)
		case soon:
			g.Shown = min(len(g.Items), b.in.Horizon.Soon)
		}
		switch rest := len(g.Items) - g.Shown; {
		case rest == 0:
		case soon && g.Doubtful:
			g.Fold = b.w.n("fold.doubtful", rest, args{})
		case id == ClosingSoon:
			g.Fold = b.w.n("fold.closing", rest, args{})
		case soon:
			g.Fold = b.w.n("fold.opening", rest, args{})
		default:
			g.Fold = b.w.n("fold.more", rest, args{Name: g.Name}) + " " + b.allOfIt(more)
		}
		s.Groups = append(s.Groups, g)
	}
	if soon {
		add(Group{}, func(e Entry) bool { return !e.Doubtful })
	}
	for _, p := range b.priorities {
		if soon {
			break
		}
		add(Group{Priority: p.ID, Name: b.priorityName(p), hit: -1}, func(e Entry) bool { return e.Priority == p.ID && !e.Doubtful })
	}
	for _, g := range b.grouped() {
		if soon {
			break
		}
		add(g, func(e Entry) bool { return e.Priority == "" && e.hit == g.hit && !e.Doubtful })
	}
	add(Group{Doubtful: true, Name: b.w.t("group.doubtful")}, func(e Entry) bool { return e.Doubtful })
	return s
}

// byDate tells whether a section is one list, the nearest first.
func (id SectionID) byDate() bool { return id == Reminders || id == ClosingSoon || id == OpeningSoon }

// remindedFirst lets nothing fold of what the reader is to be reminded.
func remindedFirst(e Entry) int {
	if e.Reminder != nil {
		return 0
	}
	return 1
}

// pull orders sections: what happened to what we may apply for, then to the rest, then what is only soon.
func (s Section) pull() int {
	switch {
	case s.ID == ClosingSoon || s.ID == OpeningSoon:
		return 2
	case !slices.ContainsFunc(s.Groups, func(g Group) bool { return !g.Doubtful }):
		return 1
	}
	return 0
}

// allOfIt says where what is folded can be read.
func (b *builder) allOfIt(more string) string {
	switch {
	case more != "":
		return b.w.f("fold.link", args{Name: more})
	case b.reader != nil:
		return ""
	}
	return b.w.f("fold.command", args{Command: "utkik digest --department " + b.in.Department + " --date " + b.in.Date + " --format json"})
}

// compareDeadlines puts what has no day last.
func compareDeadlines(x, y call.Moment) int {
	switch {
	case x.IsZero() && y.IsZero():
		return 0
	case x.IsZero():
		return 1
	case y.IsZero():
		return -1
	}
	return x.Compare(y)
}

// baselines tells of sources that were read completely for the first time in the period.
func (b *builder) baselines(sections []Section) []Baseline {
	laidOut := map[call.Key]bool{}
	for _, s := range sections {
		for _, g := range s.Groups {
			for i := range g.Items[:g.Shown] {
				laidOut[g.Items[i].key] = true
			}
		}
	}
	items := map[string]map[call.Key]bool{}
	for _, s := range b.in.Sources {
		if s.Baseline {
			items[s.ID] = map[call.Key]bool{}
		}
	}
	for _, c := range b.in.Changes {
		if !c.Baseline || c.Event != call.EventNew {
			continue
		}
		if items[c.Source] == nil {
			items[c.Source] = map[call.Key]bool{}
		}
		items[c.Source][c.Key()] = true
	}
	out := []Baseline{}
	for source, keys := range items {
		s := b.sources[source]
		bl := Baseline{Source: source, Name: plain(cmp.Or(s.Name, source), maxLabel), Items: max(len(keys), s.Seen)}
		for i := range b.in.Calls {
			it := &b.in.Calls[i]
			k := it.Call.Key()
			if k.Source != source || b.held[k] || !it.Gone.IsZero() || it.Call.StatusAt(b.in.Now) == call.StatusClosed || !b.concerns(it) {
				continue
			}
			bl.Matching++
			if laidOut[k] {
				bl.Shown++
			}
		}
		bl.Words = b.w.n("baseline.intro", bl.Items, args{Name: bl.Name}) + ", "
		switch {
		case bl.Matching == 0:
			bl.Words += b.w.t("baseline.none")
		case bl.Shown == 0:
			bl.Words += b.w.n("baseline.matching", bl.Matching, args{}) + "; " + b.w.t("baseline.calm")
		default:
			bl.Words += b.w.n("baseline.matching", bl.Matching, args{}) + "; " + b.w.n("baseline.shown", bl.Shown, args{})
		}
		if rest := bl.Matching - bl.Shown; rest > 0 {
			bl.Words += " " + b.w.n("baseline.rest", rest, args{Name: b.department()})
		}
		out = append(out, bl)
	}
	slices.SortFunc(out, func(x, y Baseline) int { return strings.Compare(x.Source, y.Source) })
	return out
}

// markTold marks the standing items that are no news to the reader: seen before this day, and not from a source
// whose first reading is told here.
func (b *builder) markTold(d *Digest) {
	for _, s := range d.Sections {
		if s.ID != ClosingSoon && s.ID != OpeningSoon {
			continue
		}
		for _, g := range s.Groups {
			for i := range g.Items {
				e := &g.Items[i]
				first := slices.ContainsFunc(d.Baselines, func(bl Baseline) bool { return bl.Source == e.Source })
				e.ToldBefore = !first && e.FirstSeen != nil && e.FirstSeen.Before(b.since())
				if b.reader != nil {
					e.ToldBefore = e.ToldBefore && !b.reader.Since.IsZero() && b.near(s.ID, e, b.reader.Since)
				}
			}
		}
	}
}

// summary counts what the subject and the first sentence name: what happened, and which dates draw near.
func (b *builder) summary(d *Digest) (news, dates []string) {
	var calls, consultations, notes, moved, withdrawn, changed, opened, closing, opening, doubtful int
	for _, s := range d.Sections {
		for _, g := range s.Groups {
			for _, e := range g.Items {
				switch {
				case s.ID == Reminders: // counted apart
				case e.Doubtful && (s.ID == ClosingSoon || s.ID == OpeningSoon): // counted where they would stand
				case e.Doubtful:
					doubtful++
				case s.ID == New && e.Kind == call.KindNews:
					notes++
				case s.ID == New:
					calls++
				case s.ID == Consultations:
					consultations++
				case s.ID == Opened:
					opened++
				case s.ID == ClosingSoon:
					closing++
				case s.ID == OpeningSoon:
					opening++
				case slices.ContainsFunc(e.Notices, func(n Notice) bool { return n.Event == call.EventWithdrawn }):
					withdrawn++
				case slices.ContainsFunc(e.Notices, func(n Notice) bool { return n.Field == "deadlines" && n.Days != nil }):
					moved++
				default:
					changed++
				}
			}
		}
	}
	count := func(to *[]string, key string, n int) {
		if n > 0 {
			*to = append(*to, b.w.n(key, n, args{}))
		}
	}
	count(&news, "subject.calls", calls)
	count(&news, "subject.consultations", consultations)
	count(&news, "subject.moved", moved)
	count(&news, "subject.withdrawn", withdrawn)
	count(&news, "subject.changed", changed)
	count(&news, "subject.opened", opened)
	count(&news, "subject.news", notes)
	count(&news, "subject.doubtful", doubtful)
	count(&dates, "subject.closing", closing)
	count(&dates, "subject.opening", opening)
	return news, dates
}

// reminders are the items of that section.
func (d *Digest) reminders() []Entry {
	var out []Entry
	for _, s := range d.Sections {
		if s.ID == Reminders {
			for _, g := range s.Groups {
				out = append(out, g.Items...)
			}
		}
	}
	return out
}

// subject names at most three things, so that a telephone shows them; dates only when nothing happened.
func (b *builder) subject(d *Digest, news, dates []string, broken int) string {
	parts := news
	if es := d.reminders(); len(es) > 0 {
		words := b.w.n("subject.reminders", len(es), args{})
		if len(es) == 1 && len(news) == 0 && es[0].Deadline != nil {
			words = b.w.f("subject.reminder", args{Date: es[0].Deadline.Left, Quote: plain(es[0].Title, maxSubject)})
		}
		parts = append([]string{words}, news...)
	}
	if len(parts) == 0 {
		matching := 0
		for _, bl := range d.Baselines {
			matching += bl.Matching
		}
		if matching > 0 {
			parts = append(parts, b.w.n("subject.baseline", matching, args{}))
		}
		parts = append(parts, dates...)
	}
	switch {
	case len(parts) > 3:
		parts = append(slices.Clone(parts[:3]), b.w.t("subject.more"))
	case len(parts) == 0 && broken > 0:
		parts = []string{b.w.n("subject.empty.broken", broken, args{})}
	case len(parts) == 0:
		parts = []string{b.w.t("subject.empty")}
	}
	return b.w.f("subject", args{List: strings.Join(parts, ", "), Name: d.DepartmentName, Date: b.w.dayShort(b.today)})
}

// lead says first what happened and then what only draws near.
func (b *builder) lead(d *Digest, news, dates []string) string {
	n := len(d.reminders())
	if n == 0 {
		return b.events(d, news, dates)
	}
	s := b.w.n("lead.reminders", n, args{})
	switch {
	case d.Only != "":
		return s
	case len(news)+len(dates)+len(d.Baselines) == 0:
		return s + " " + b.w.t("lead.reminders.alone")
	}
	return s + " " + b.events(d, news, dates)
}

// events is the lead but for reminders.
func (b *builder) events(d *Digest, news, dates []string) string {
	parts := append(slices.Clone(news), dates...)
	first := len(d.Baselines) > 0
	switch {
	case first && len(parts) == 0:
		return b.w.t("lead.baseline")
	case first:
		return b.w.t("lead.baseline") + " " + b.w.f("lead.list", args{List: b.w.list(parts)})
	case len(parts) == 0 && len(d.Warnings) > 0:
		return b.w.t("lead.empty.broken")
	case len(parts) == 0 && b.reader != nil:
		return b.w.t("lead.empty.since")
	case len(parts) == 0:
		return b.w.t("lead.empty")
	case len(news) == 0:
		return b.w.f("lead.dates", args{List: b.w.list(dates)})
	case len(dates) == 0:
		return b.w.f("lead.news", args{List: b.w.list(news)})
	}
	return b.w.f("lead.news", args{List: b.w.list(news)}) + " " + b.w.f("lead.soon", args{List: b.w.list(dates)})
}

func (b *builder) sourceProofs() []SourceProof {
	out := []SourceProof{}
	for _, s := range b.in.Sources {
		p := SourceProof{ID: s.ID, Name: plain(cmp.Or(b.sources[s.ID].Name, s.ID), maxLabel), Ended: s.Ended.UTC(), Complete: s.Complete, Seen: s.Seen,
			Added: s.Added, Changed: s.Changed, Quarantined: s.Quarantined, Error: plain(s.Error, 4*maxTitle)}
		if s.Ended.IsZero() {
			p.Ended = time.Time{}
		}
		ended := cmp.Or(s.Ended, s.Started)
		p.State = s.State
		items := []string{b.w.n("proof.items", s.Seen, args{})}
		for _, c := range []struct {
			key string
			n   int
		}{{"proof.added", s.Added}, {"proof.changed", s.Changed}, {"proof.waiting", s.Quarantined}} {
			if c.n > 0 {
				items = append(items, b.w.n(c.key, c.n, args{}))
			}
		}
		key := "proof." + p.sentence()
		if s.Baseline && p.State == watch.OK { // all of it is new to us, which is no news
			key, items = "proof.baseline", items[:1]
		}
		p.Words = b.w.f(key, args{Name: p.Name, Date: b.when(ended), List: strings.Join(items, ", ")})
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(x, y SourceProof) int { return strings.Compare(x.ID, y.ID) })
	return out
}

// sentence names the sentence that says how a source stands: one a state, but that a source that was never read is late
// in another way, and one that was read to its end lacks something else than the end.
func (p SourceProof) sentence() string {
	switch {
	case p.State == watch.Late && p.Ended.IsZero():
		return "never"
	case p.State == watch.Incomplete && p.Complete:
		return "thin"
	}
	return string(p.State)
}

// when is a day and clock time without the weekday: 23 april kl. 06.10.
func (b *builder) when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(call.Brussels())
	return b.w.f("date.clock", args{Date: b.w.dayShort(t), Clock: b.w.clock(t)})
}

// warn writes one sentence for each way in which sources failed, and counts them.
func (b *builder) warn(d *Digest) (broken int) {
	for _, sentence := range []string{"broken", "incomplete", "thin", "late", "quarantined", "never"} {
		var names []string
		for _, s := range d.Proof.Sources {
			if s.sentence() == sentence {
				names = append(names, s.Name)
			}
		}
		if n := len(names); n > 0 {
			broken += n
			if n > fewSources+1 { // the rest stands with the proof
				names = append(names[:fewSources:fewSources], b.w.n("warning.more", n-fewSources, args{}))
			}
			d.Warnings = append(d.Warnings, b.w.n("warning."+sentence, n, args{List: b.w.list(names)}))
		}
	}
	return broken
}

// heldTitles is how many new items of a class in quarantine a mail names; the JSON has all.
const heldTitles = 3

// prove writes the sentences about what is not told.
func (b *builder) prove(d *Digest, left map[Reason]int) {
	p := &d.Proof
	p.LeftOut, p.Held, p.Words = []LeftOut{}, []HeldProof{}, []string{}
	var omitted []string
	for _, r := range reasons {
		if left[r] > 0 {
			w := b.w.n("omitted."+string(r), left[r], args{})
			p.LeftOut = append(p.LeftOut, LeftOut{r, left[r], w})
			omitted = append(omitted, w)
		}
	}
	if len(p.Sources) == 0 {
		p.Words = append(p.Words, b.w.t("proof.nosources"))
	}
	if p.Changes == 0 {
		p.Words = append(p.Words, b.w.t("proof.nochanges"))
	} else {
		s := b.w.n("proof.changes", p.Changes, args{})
		if p.Told > 0 {
			s += ", " + b.w.n("proof.told", p.Told, args{})
		}
		s += "."
		if len(omitted) > 0 {
			s += " " + b.w.f("proof.left", args{List: b.w.list(omitted)})
		}
		p.Words = append(p.Words, s)
	}
	if p.Folded > 0 {
		words := b.w.n("proof.folded", p.Folded, args{})
		if d.More == "" { // the folds themselves lead there
			words = strings.TrimSpace(words + " " + b.allOfIt(""))
		}
		p.Words = append(p.Words, words)
	}
	for _, h := range b.in.Held {
		hp := HeldProof{Source: h.Key.Source, Ref: h.Key.Ref, Title: plain(cmp.Or(h.Title, h.Key.String()), maxLabel), Class: classOf(h.Reason), Reason: plain(h.Reason, maxTitle)}
		if !h.Since.IsZero() {
			hp.Since = h.Since.In(call.Brussels()).Format(time.DateOnly)
			hp.New = !h.Since.Before(b.since())
		}
		p.Held = append(p.Held, hp)
	}
	slices.SortStableFunc(p.Held, func(x, y HeldProof) int {
		return cmp.Or(strings.Compare(x.Source, y.Source), strings.Compare(x.Ref, y.Ref), strings.Compare(x.Reason, y.Reason))
	})
	if len(p.Held) > 0 {
		p.Words = append(p.Words, b.quarantine(p.Held))
	}
}

// classOf reads the word with which the judge's reason begins.
func classOf(reason string) HeldClass {
	class, _, _ := strings.Cut(reason, ":")
	switch class {
	case "stale":
		return HeldStale
	case "regress":
		return HeldRegress
	case "crowd":
		return HeldCrowd
	case "suspect run":
		return HeldSuspect
	}
	return HeldOther
}

// quarantine counts what is held by class, and names what is new since the day began: the rest a reader was
// told before.
func (b *builder) quarantine(held []HeldProof) string {
	s := b.w.n("proof.held", len(held), args{})
	for _, class := range []HeldClass{HeldSuspect, HeldCrowd, HeldRegress, HeldStale, HeldOther} {
		var fresh []string
		all := 0
		for _, h := range held {
			if h.Class != class {
				continue
			}
			all++
			if h.New {
				fresh = append(fresh, b.w.f("quote", args{Quote: innerQuotes.Replace(h.Title)}))
			}
		}
		if all == 0 {
			continue
		}
		older := all - len(fresh)
		if more := len(fresh) - heldTitles; more > 0 {
			fresh = append(fresh[:heldTitles:heldTitles], b.w.n("proof.held.more", more, args{}))
		}
		s += " " + b.w.n("held."+string(class), all, args{})
		switch {
		case len(fresh) == 0:
			s += ", " + b.w.n("proof.held.older.all", all, args{}) + "."
		case older == 0:
			s += ": " + b.w.list(fresh) + "."
		default:
			s += ": " + b.w.list(fresh) + ", " + b.w.n("proof.held.older", older, args{}) + "."
		}
	}
	return s
}
