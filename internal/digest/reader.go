package digest

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/subscription"
)

// Reader is whom a digest is for when it is not a department of the plan: who follows several things, and is told of
// each item once, whatever of them it fits. Readers who are equal are told the same.
type Reader struct {
	Name       string // in heading and subject
	Department string // id in the plan; may be empty
	Follows    []subscription.Subscription
	Found      map[string]map[call.Key]bool // by the query of a saved search: the calls that it finds now
	Decided    map[call.Key]subscription.Choice
	Since      time.Time // when it was last told; zero when it never was
	StandIn    string    // whose mail it is, when a stand-in reads it
	Until      string    // local day until which
	Foot       Foot
	Reminders  []subscription.Reminder
	Only       bool // reminders and nothing else: no mail of its rhythm is due
	Changes    []call.Change
	Sources    []SourceState // as [Input.Sources], of the time since Since
}

// Day is what many digests of one day are built from: read and sorted once. It is not altered by building, so that
// several may be built at a time.
type Day struct {
	in    Input
	today time.Time
	items map[call.Key]*Item
	held  map[call.Key]bool
	soon  []*Item // what stands and draws near

	entries sync.Map             // [Entry] by entryKey: what many readers see alike is made once
	groups  map[call.Key][]*Item // of calls of several sources, by each of them
}

// NewDay makes in ready for many digests; its department and language are left aside.
func NewDay(in Input) (*Day, error) {
	in.Horizon = in.Horizon.orDefault()
	if in.Plan == nil {
		return nil, fmt.Errorf("digest for %q: no plan given", in.Department)
	}
	today, err := time.ParseInLocation(time.DateOnly, in.Date, call.Brussels())
	if err != nil {
		return nil, fmt.Errorf("digest for %q: date %q: want a day such as 2026-04-23", in.Department, in.Date)
	}
	d := &Day{in: in, today: today, items: make(map[call.Key]*Item, len(in.Calls)), held: make(map[call.Key]bool, len(in.Held))}
	probe := &builder{in: in, today: today}
	for i := range in.Calls {
		it := &in.Calls[i]
		d.items[it.Call.Key()] = it
		if probe.standing(it) != "" {
			d.soon = append(d.soon, it)
		}
	}
	for _, h := range in.Held {
		d.held[h.Key] = true
	}
	d.group()
	return d, nil
}

// Waiting gives the seqs of changes that are held back with their item, and are news when it is free.
func (d *Day) Waiting(changes []call.Change) []int64 {
	var out []int64
	for _, c := range changes {
		if d.held[c.Key()] && c.Material && !c.Mended && !c.Baseline {
			out = append(out, c.Seq)
		}
	}
	return out
}

// Department decides what a department is told on the day; see [Build].
func (d *Day) Department(id, language string) (Digest, error) {
	b, err := d.builder(language)
	if err != nil {
		return Digest{}, err
	}
	b.in.Department = id
	b.in.More = strings.ReplaceAll(b.in.More, "{department}", url.PathEscape(id))
	dep, ok := b.in.Plan.Department(id)
	if !ok {
		ids := make([]string, len(b.in.Plan.Departments))
		for i, d := range b.in.Plan.Departments {
			ids[i] = d.ID
		}
		return Digest{}, fmt.Errorf("digest: department %q is not in plan %s: it has %s", id, b.in.Plan.ID, strings.Join(ids, ", "))
	}
	if err := b.follow(dep.Priorities, "department "+dep.ID); err != nil {
		return Digest{}, err
	}
	return b.finish()
}

// Reader decides what a reader is told. An error means that it follows what is not there, and names it.
func (d *Day) Reader(r *Reader, language string) (Digest, error) {
	b, err := d.builder(language)
	if err != nil {
		return Digest{}, err
	}
	b.reader = r
	b.in.Department, b.in.Changes, b.in.Sources = r.Department, r.Changes, r.Sources
	if link(b.in.More) == "" {
		b.in.Horizon.Fold = math.MaxInt // there is nowhere else to read what would be folded
	}
	var ids []string
	for i := range r.Follows {
		f := &r.Follows[i]
		priorities := slices.Clone(f.Priorities)
		for _, id := range f.Departments {
			dep, ok := b.in.Plan.Department(id)
			if !ok {
				return Digest{}, fmt.Errorf("digest: a reader follows department %q, which plan %s does not have", id, b.in.Plan.ID)
			}
			priorities = append(priorities, dep.Priorities...)
		}
		if f.Empty() {
			return Digest{}, fmt.Errorf("digest: a reader's subscription %d follows nothing", i+1)
		}
		if f.Search != "" && r.Found[f.Search] == nil {
			return Digest{}, fmt.Errorf("digest: the saved search %q was not made", f.Search)
		}
		ids = append(ids, priorities...)
		b.wanted = append(b.wanted, priorities)
		b.labels = append(b.labels, b.label(f))
	}
	if err := b.follow(ids, "a reader"); err != nil {
		return Digest{}, err
	}
	b.followed = len(b.priorities)
	if err := b.follow(b.in.Plan.PriorityIDs(), "the plan"); err != nil { // for items that were found otherwise
		return Digest{}, err
	}
	return b.finish()
}

func (d *Day) builder(language string) (*builder, error) {
	w, err := newWords(language)
	if err != nil {
		return nil, err
	}
	return &builder{in: d.in, w: w, today: d.today, rank: map[string]int{}, reminders: map[call.Key]int{}, sources: map[string]SourceState{}, items: d.items, held: d.held, soon: d.soon, groups: d.groups, entries: &d.entries}, nil
}

// follow takes priorities, each once, in their order.
func (b *builder) follow(ids []string, who string) error {
	for _, id := range ids {
		if _, twice := b.rank[id]; twice {
			continue
		}
		p, ok := b.in.Plan.Priority(id)
		if !ok {
			return fmt.Errorf("digest: %s follows priority %q, which plan %s does not have", who, id, b.in.Plan.ID)
		}
		b.rank[id] = len(b.priorities)
		b.priorities = append(b.priorities, p)
	}
	return nil
}

func (b *builder) finish() (Digest, error) {
	b.in.Language = b.w.lang
	for _, s := range b.in.Sources {
		s.Name = b.name(s.Name, s.NameEN)
		b.sources[s.ID] = s
	}
	d := b.build()
	return d, b.w.err
}

// label is what a subscription is called to its reader.
func (b *builder) label(f *subscription.Subscription) string {
	if f.Name != "" {
		return plain(f.Name, maxLabel)
	}
	var parts []string
	var names []string
	for _, id := range f.Departments {
		dep, _ := b.in.Plan.Department(id)
		names = append(names, plain(b.name(dep.Name, dep.NameEN), maxLabel))
	}
	for _, id := range f.Priorities {
		if p, ok := b.in.Plan.Priority(id); ok {
			names = append(names, b.priorityName(p))
		}
	}
	if len(names) > 0 {
		parts = append(parts, b.any(names))
	}
	if len(f.Programmes) > 0 {
		parts = append(parts, plain(b.any(f.Programmes), maxLabel))
	}
	if len(f.Kinds) > 0 {
		kinds := make([]string, len(f.Kinds))
		for i, k := range f.Kinds {
			kinds[i] = b.w.t("kind." + string(known(k)))
		}
		parts = append(parts, b.any(kinds))
	}
	if f.Search != "" {
		parts = append(parts, b.w.f("quote", args{Quote: innerQuotes.Replace(plain(f.Search, maxLabel))}))
	}
	return strings.Join(parts, ", ")
}

// any names values of which one is enough.
func (b *builder) any(names []string) string { return strings.Join(names, " "+b.w.t("or")+" ") }

// hits gives the numbers of the subscriptions that an item fits.
func (b *builder) hits(it *Item) []int {
	var out []int
	for i := range b.reader.Follows {
		f := &b.reader.Follows[i]
		wanted := b.wanted[i]
		switch {
		case len(wanted) > 0 && !slices.ContainsFunc(it.Results, func(r match.Result) bool { return r.Included && slices.Contains(wanted, r.Priority) }):
		case len(wanted) == 0 && len(f.Departments) > 0: // of a department that has no priorities
		case len(f.Kinds) > 0 && !slices.Contains(f.Kinds, it.Call.Kind):
		case len(f.Programmes) > 0 && !slices.ContainsFunc(f.Programmes, func(p string) bool { return strings.EqualFold(p, it.Call.Programme) }):
		case f.Search != "" && !b.reader.Found[f.Search][it.Call.Key()]:
		default:
			out = append(out, i)
		}
	}
	return out
}

// concerns tells whether an item is for whom the digest is for.
func (b *builder) concerns(it *Item) bool {
	if b.reader == nil {
		return len(b.matching(it)) > 0
	}
	switch b.decided(it.Call.Key()) {
	case subscription.NotRelevant:
		return false
	case subscription.Act, subscription.Follow:
		return true
	}
	return len(b.hits(it)) > 0
}

// dismissed tells whether the reader wants to hear no more of a call.
func (b *builder) dismissed(k call.Key) bool {
	return b.reader != nil && b.decided(k) == subscription.NotRelevant
}

// since is the beginning of what is new to who is told.
func (b *builder) since() time.Time {
	if b.reader != nil && !b.reader.Since.IsZero() {
		return b.reader.Since
	}
	return b.today
}

// near tells whether an item of a section that draws near did so already at an earlier time: then it was told.
func (b *builder) near(id SectionID, e *Entry, then time.Time) bool {
	at, days := e.deadline, b.in.Horizon.ClosingDays
	if id == OpeningSoon {
		at, days = e.opensAt, b.in.Horizon.OpeningDays
	}
	return daysBetween(then, local(at)) <= days
}

// standIn is the sentence that tells a stand-in whose mail this is.
func (b *builder) standIn() string {
	if b.reader == nil || b.reader.StandIn == "" {
		return ""
	}
	until := b.reader.Until
	if day, err := time.ParseInLocation(time.DateOnly, until, call.Brussels()); err == nil {
		until = b.w.dayShort(day)
	}
	return b.w.f("lead.standin", args{Name: plain(b.reader.StandIn, maxLabel), Date: until}) + " "
}

// grouped gives the groups of items that no priority holds, by the first subscription that they fit.
func (b *builder) grouped() []Group {
	if b.reader == nil {
		return nil
	}
	out := make([]Group, 0, len(b.labels)+1)
	for i, label := range b.labels {
		out = append(out, Group{Name: label, hit: i})
	}
	return append(out, Group{Name: b.w.t("group.decided"), hit: -1})
}

// sort says what of that a reader follows led to an item, which holds also where no priority does.
func (b *builder) sort(it *Item, e *Entry) {
	if b.reader == nil {
		return
	}
	for i, n := range b.hits(it) {
		if i == 0 {
			e.hit = n
			if e.Priority == "" {
				e.PriorityName = b.labels[n]
			}
			e.expected = len(b.wanted[n]) > 0
		}
		e.Follows = append(e.Follows, b.labels[n])
		e.expected = e.expected && i == 0
	}
	if c := b.decided(e.key); c == subscription.Act || c == subscription.Follow {
		e.Decision = string(c)
	}
	if e.hit < 0 && e.Priority == "" {
		e.PriorityName = b.w.t("group.decided")
	}
}

// followedFirst orders results: those of priorities that the reader follows before those it came by otherwise.
func (b *builder) followedFirst(p string) int {
	if b.reader != nil && b.rank[p] >= b.followed {
		return 1
	}
	return 0
}

// News counts the items that something happened to, also those that a mail folds.
func (d *Digest) News() int {
	n := 0
	for _, s := range d.Sections {
		if !s.ID.byDate() {
			n += s.Count + s.Doubtful
		}
	}
	return n
}

// Worth tells whether there is anything in the digest that its reader has not been told: something that happened, or a
// date that has come near since the last time.
func (d *Digest) Worth() bool {
	if d.News() > 0 || slices.ContainsFunc(d.Baselines, func(b Baseline) bool { return b.Matching > 0 }) {
		return true
	}
	for _, s := range d.Sections {
		for _, g := range s.Groups {
			for i := range g.Items {
				if !g.Items[i].ToldBefore && !g.Items[i].Doubtful {
					return true
				}
			}
		}
	}
	return false
}
