package digest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"utkik/internal/call"
)

// presence is the field of the change log that tells of a call that left its listing and came back.
const presence = "listed"

// told is what comes of the material changes of one matching call.
type told struct {
	notices []Notice
	isNew   bool
	opened  bool // it was forthcoming and is open now
	gone    bool // withdrawn in the period
	left    map[Reason]int
}

// merge turns a call's material changes of the period, in order, into notices: one a field, from the first old
// value to the last new one. What cancels out, what only touches days that had passed and what closed as
// expected is counted as left out. Every change is in one notice's Seqs, behind isNew, or counted.
func (b *builder) merge(it *Item, changes []call.Change) told {
	t := told{left: map[Reason]int{}}
	var fields []string
	byField := map[string][]call.Change{}
	for _, c := range changes {
		f := c.Field
		switch c.Event {
		case call.EventNew:
			t.isNew = true
			continue
		case call.EventWithdrawn:
			f = presence
		case call.EventOpened, call.EventClosed, call.EventStatus:
			if f != presence {
				f = "status"
			}
		}
		if _, seen := byField[f]; !seen {
			fields = append(fields, f)
		}
		byField[f] = append(byField[f], c)
	}
	for _, f := range fields {
		cs := byField[f]
		n, why := b.notice(it, f, cs, changes)
		if why != "" {
			t.left[why] += len(cs)
			continue
		}
		for _, c := range cs {
			n.Seqs = append(n.Seqs, c.Seq)
		}
		t.opened = t.opened || n.Event == call.EventOpened
		t.gone = t.gone || n.Event == call.EventWithdrawn
		t.notices = append(t.notices, n)
	}
	slices.SortStableFunc(t.notices, func(x, y Notice) int {
		return cmp.Or(cmp.Compare(rank(x.Event), rank(y.Event)), strings.Compare(x.Field, y.Field))
	})
	return t
}

// rank orders notices by what they mean to somebody who is writing an application.
func rank(e call.Event) int {
	return slices.Index([]call.Event{call.EventWithdrawn, call.EventClosed, call.EventStatus, call.EventOpened,
		call.EventDeadlines, call.EventOpens, call.EventBudget, call.EventText, call.EventTitle, call.EventIdentifier}, e)
}

// notice puts the changes of one field into words, or says why they are not worth any.
func (b *builder) notice(it *Item, field string, cs, all []call.Change) (Notice, Reason) {
	first, last := cs[0], cs[len(cs)-1]
	n := Notice{Event: last.Event, Field: last.Field, Old: first.Old, New: last.New}
	withdrawn := slices.ContainsFunc(all, func(c call.Change) bool { return c.Event == call.EventWithdrawn })
	closed := it.Call.StatusAt(b.in.Now) == call.StatusClosed || !it.Gone.IsZero() && !withdrawn
	if field == presence {
		switch {
		case closed:
			return n, ReasonClosed
		case last.Event == call.EventWithdrawn:
			n.Words = b.w.t("change.withdrawn")
		case first.Event == call.EventWithdrawn:
			return n, ReasonReverted
		default:
			n.Words = b.w.t("change.listed")
		}
		return n, ""
	}
	if len(cs) > 1 && first.Old == last.New {
		return n, ReasonReverted
	}
	if field == "status" {
		return b.status(it, n, closed)
	}
	if field == "deadlines" {
		from, to := moments(n.Old), moments(n.New)
		switch at := first.At; {
		case closed && (len(after(from, at)) == 0 || !it.Gone.IsZero()):
			return n, ReasonClosed
		case slices.EqualFunc(after(from, at), after(to, at), call.Moment.Equal) && len(to) > 0 && len(from) > 0:
			return n, ReasonPassed
		}
		n.Words, n.Days = b.deadlines(it, from, to)
		if closed && len(to) > 0 && to[len(to)-1].Passed(b.in.Now) {
			n.Words += " " + b.w.t("change.closed.passed")
		}
		return n, ""
	}
	if closed {
		return n, ReasonClosed
	}
	switch field {
	case "opens":
		n.Words, n.Days = b.opens(n.Old, n.New)
	case "budget_eur":
		n.Words = b.budget(n.Old, n.New)
	case "eligible":
		n.Words = b.w.f("change.eligible", args{Old: plain(n.Old, maxEligible), New: plain(n.New, maxEligible)})
		if n.New == "" {
			n.Words = b.w.f("change.eligible.unset", args{Old: plain(n.Old, maxEligible)})
		}
	case "title":
		n.Words = b.w.f("change.title", args{Old: plain(n.Old, maxTitle)})
	case "identifier":
		n.Words = b.w.f("change.identifier", args{Old: plain(n.Old, maxLabel), New: plain(n.New, maxLabel)})
	case "text":
		n.Words = b.w.t("change.text")
	default:
		n.Words = b.other(field, n.Old, n.New)
	}
	return n, ""
}

func (b *builder) status(it *Item, n Notice, closed bool) (Notice, Reason) {
	from, to := call.Status(n.Old), cmp.Or(call.Status(n.New), it.Call.Status)
	n.Field = "status"
	switch {
	case to == call.StatusClosed:
		// Two-stage calls are closed between their stages, and a call closes after its last day: both are
		// as expected. One that closes with its next day ahead closes early.
		next, ahead := it.Call.NextDeadline(b.in.Now)
		betweenStages := ahead && len(it.Call.Deadlines) > 1 && !next.Equal(it.Call.Deadlines[0])
		if !ahead || betweenStages {
			return n, ReasonClosed
		}
		n.Event, n.Words = call.EventClosed, b.w.t("change.closed")
	case closed:
		return n, ReasonClosed
	case to == call.StatusOpen && from == call.StatusForthcoming:
		n.Event, n.Words = call.EventOpened, b.w.t("change.opened")
	case to == call.StatusOpen && from == call.StatusClosed:
		n.Event, n.Words = call.EventStatus, b.w.t("change.reopened")
	case n.Event == call.EventOpened:
		n.Words = b.w.t("change.opened")
	default:
		n.Event = call.EventStatus
		n.Words = b.w.f("change.status", args{Old: b.statusName(from), New: b.statusName(to)})
	}
	return n, ""
}

func (b *builder) statusName(s call.Status) string {
	if s.Validate() != nil || s == "" {
		return plain(string(s), maxLabel)
	}
	return b.w.t("status." + string(s))
}

// deadlines says which days came, went or moved, and the days gained when exactly one moved.
func (b *builder) deadlines(it *Item, from, to []call.Moment) (string, *int) {
	went, came := without(from, to), without(to, from)
	switch {
	case len(from) == 0:
		return b.w.f("change.deadline.set", args{New: b.dayList(to)}), nil
	case len(to) == 0:
		return b.w.f("change.deadline.unset", args{Old: b.dayList(from)}), nil
	case len(went) == 1 && len(came) == 1:
		days := daysBetween(local(went[0]), local(came[0]))
		a := args{Old: b.w.moment(went[0]), New: b.w.moment(came[0]), Name: b.gain("gain.more", "gain.less", days)}
		return b.w.f("change.deadline.moved", a), &days
	case len(went) == 0 && len(came) == 1 && it.Call.DeadlineModel == "two-stage":
		stage := slices.IndexFunc(to, came[0].Equal) + 1
		return b.w.f("change.deadline.stage", args{Count: strconv.Itoa(stage), New: b.dayList(came)}), nil
	case len(went) == 0:
		return b.w.f("change.deadline.added", args{New: b.dayList(came)}), nil
	case len(came) == 0:
		return b.w.f("change.deadline.removed", args{Old: b.dayList(went)}), nil
	}
	return b.w.f("change.deadline.many", args{New: b.dayList(to), Old: b.dayList(from)}), nil
}

func (b *builder) opens(from, to string) (string, *int) {
	x, y := moments(from), moments(to)
	switch {
	case len(x) == 0:
		return b.w.f("change.opens.set", args{New: b.dayList(y)}), nil
	case len(y) == 0:
		return b.w.f("change.opens.unset", args{Old: b.dayList(x)}), nil
	}
	days := daysBetween(local(x[0]), local(y[0]))
	a := args{New: b.w.moment(y[0]), Old: b.w.moment(x[0]), Name: b.gain("gain.later", "gain.earlier", days)}
	return b.w.f("change.opens.moved", a), &days
}

func (b *builder) gain(more, less string, days int) string {
	if days < 0 {
		return b.w.n(less, -days, args{})
	}
	return b.w.n(more, days, args{})
}

func (b *builder) budget(from, to string) string {
	x, y := euros(from), euros(to)
	a := args{Old: b.w.amount(x), New: b.w.amount(y)}
	switch {
	case x == 0:
		return b.w.f("change.budget.set", a)
	case y == 0:
		return b.w.f("change.budget.unset", a)
	case y < x:
		return b.w.f("change.budget.down", a)
	}
	return b.w.f("change.budget.up", a)
}

func (b *builder) other(field, from, to string) string {
	a := args{Field: b.w.field(field), Old: plain(from, maxQuote), New: plain(to, maxQuote)}
	if strings.HasSuffix(field, "_eur") {
		a.Old, a.New = b.w.amount(euros(from)), b.w.amount(euros(to))
	}
	switch {
	case from == "":
		return b.w.f("change.other.set", a)
	case to == "":
		return b.w.f("change.other.unset", a)
	}
	return b.w.f("change.other", a)
}

func (b *builder) dayList(ms []call.Moment) string {
	out := make([]string, len(ms))
	for i, m := range ms {
		out[i] = b.w.moment(m)
	}
	return b.w.list(out)
}

// moments reads the change log's form of days; what is no day is passed over, as the log's own words stand
// in Old and New.
func moments(s string) []call.Moment {
	var out []call.Moment
	for _, part := range strings.Split(s, ",") {
		if m, err := call.ParseMoment(strings.TrimSpace(part)); err == nil {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, call.Moment.Compare)
	return out
}

func after(ms []call.Moment, at time.Time) []call.Moment {
	return slices.DeleteFunc(slices.Clone(ms), func(m call.Moment) bool { return m.Passed(at) })
}

func without(ms, these []call.Moment) []call.Moment {
	return slices.DeleteFunc(slices.Clone(ms), func(m call.Moment) bool { return slices.ContainsFunc(these, m.Equal) })
}

// euros reads an amount of the change log; anything else than digits is no amount.
func euros(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
