package app

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"utkik/internal/call"
	"utkik/internal/digest"
	"utkik/internal/jobs"
	"utkik/internal/store"
	"utkik/internal/subscription"
)

// What an organisation is told from news that were read for all is what it would be told from its own, wherever its recipients
// stand in the change log: before a source was read for the first time, after that, or behind others.
func TestNewsForAll(t *testing.T) {
	t.Parallel()
	a, _, _ := installed(t, `
web: {base_url: "https://utkik.example.org"}
plans:
  - {id: skogsby, plan: strandhammar-2030, base_url: /o/skogsby}
  - {id: berg, plan: rvn-2020}`)
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(a.gather())
	orgs := a.all()
	now := a.Now()
	tourism := func(ref string, deadline int, budget int64) call.Call {
		c := call.Call{Source: "ft-portal", Ref: ref, Kind: call.KindCall, Title: "Tourism for all and shore power for ships in harbours " + ref, Text: "Accessible tourism in rural regions. Onshore power supply and maritime transport for vessels in harbours.", Status: call.StatusOpen, BudgetEUR: budget}
		if deadline > 0 {
			day := now.AddDate(0, 0, deadline)
			c.Deadlines = []call.Moment{call.Day(day.Year(), day.Month(), day.Day())}
		}
		return c
	}
	commit := func(at time.Time, first bool, event call.Event, gone time.Time, calls ...call.Call) {
		t.Helper()
		run, err := a.Store.BeginRun(ctx, "ft-portal", "crawl", at)
		check(err)
		run.Complete, run.Baseline = true, first
		b := store.Batch{Source: "ft-portal", At: at}
		for _, c := range calls {
			s := store.Save{Call: c, Version: true, Seen: true, Gone: gone, Changes: []call.Change{{Event: event, Material: true, Baseline: first}}}
			if event == call.EventBudget {
				s.Changes[0].Field, s.Changes[0].Old, s.Changes[0].New = "budget_eur", "1000000", "2000000"
			}
			b.Saves = append(b.Saves, s)
		}
		check(a.Store.Commit(ctx, run, b))
	}
	place := func() int64 {
		t.Helper()
		seq, err := a.Store.LastSeq(ctx)
		check(err)
		return seq
	}
	join := func(o *App, id string) {
		t.Helper()
		d := o.Plan.Departments[0].ID
		check(o.SaveRecipient(ctx, subscription.Recipient{ID: id, Address: id + "@example.org", Name: id, Department: d, Language: "sv", Zone: "Europe/Stockholm", Hour: 7,
			Rhythm: subscription.Daily, Lifesign: true, Follows: []subscription.Subscription{{Priorities: o.Plan.PriorityIDs()}}}, true))
	}
	places := []int64{0}
	other := tourism("other", 0, 0)
	other.Title, other.Text = "Deep sea drilling", "Drilling in the deep sea."
	commit(now.AddDate(0, 0, -3), true, call.EventNew, time.Time{}, tourism("far", 200, 1e6), tourism("near", 5, 1e6), tourism("goes", 90, 1e6), tourism("grows", 90, 1e6), other)
	for _, o := range orgs {
		join(o, "early")
	}
	places = append(places, place())
	commit(now, false, call.EventBudget, time.Time{}, tourism("grows", 90, 2e6))
	join(orgs[1], "middle")
	places = append(places, place())
	commit(now, false, call.EventNew, time.Time{}, tourism("comes", 60, 1e6))
	commit(now, false, call.EventWithdrawn, now, tourism("goes", 90, 1e6))
	join(orgs[0], "late")
	places = append(places, place())
	check(orgs[1].Store.Decide(ctx, subscription.Decision{Key: other.Key(), Department: orgs[1].Plan.Departments[0].ID, Choice: subscription.Follow, At: now}))

	everything, err := a.readNews(ctx, 0)
	check(err)
	kept := map[string]bool{}
	for _, o := range orgs {
		decisions, err := o.Store.Decisions(ctx)
		check(err)
		for i, after := range places {
			own, err := o.readNews(ctx, after)
			check(err)
			want, err := o.newsItems(ctx, own, after, decisions)
			check(err)
			got, err := o.newsItems(ctx, everything, after, decisions)
			check(err)
			if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("%q after %d (-alone +from what was read for all):\n%s", o.ID, after, d)
			}
			if d := cmp.Diff(own.changes, everything.after(after), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("changes after %d:\n%s", after, d)
			}
			refs := map[string]bool{}
			for _, it := range got {
				refs[it.Call.Ref], kept[it.Call.Ref] = true, true
			}
			if refs["other"] != (o.ID == "skogsby" || i == 0) || refs["far"] != (i == 0) || refs["near"] != true || refs["comes"] != (i < 3) {
				t.Errorf("%q after the place %d may be told of %v", o.ID, i, refs)
			}
		}
	}
	if len(kept) < 6 {
		t.Errorf("of these may be told: %v", kept)
	}

	type mail struct {
		Items   int
		Subject string
	}
	want, got := map[string]mail{}, map[string]mail{}
	works := func(time.Time) bool { return true }
	for _, o := range orgs {
		written, err := o.WriteDigests(ctx, WriteOptions{Dry: true, Works: works})
		check(err)
		for _, m := range written.Mails {
			want[o.Store.Stored(m.Key).String()] = mail{m.Items, m.Subject}
		}
	}
	w := &work{App: a}
	var read *news
	for i, o := range orgs {
		check(w.write(ctx, jobs.Job{Key: o.ID}))
		if i == 0 {
			read = w.telling.news
		} else if w.telling.news != read {
			t.Errorf("%q reads anew what was read for all", o.ID)
		}
	}
	mails, _, err := a.Mails(ctx, "", 0)
	check(err)
	for _, m := range mails {
		c, err := a.Store.Content(ctx, m.Content)
		check(err)
		got[m.MailKey.String()] = mail{m.Items, c.Subject}
	}
	if d := cmp.Diff(want, got); d != "" || len(got) != 5 {
		t.Errorf("%d mails (-alone +one job after the other):\n%s", len(got), d)
	}

	// A department's digests of a day, likewise, until something else happens.
	date := now.In(Stockholm()).AddDate(0, 0, -1).Format(time.DateOnly)
	for _, o := range orgs {
		alone, err := o.Digests(ctx, []string{o.Plan.Departments[0].ID}, date, "sv")
		check(err)
		n, err := w.dayFor(ctx, date)
		check(err)
		together, err := o.digestsOf(ctx, n, []string{o.Plan.Departments[0].ID}, "sv")
		check(err)
		if d := cmp.Diff(alone, together, cmp.AllowUnexported(digest.Group{}), cmpopts.IgnoreUnexported(digest.Entry{})); d != "" {
			t.Errorf("%q of %s (-alone +together):\n%s", o.ID, date, d)
		}
		if o.ID == "" {
			read = n
		} else if n != read {
			t.Errorf("%q reads the day anew", o.ID)
		}
	}
	commit(now, false, call.EventNew, time.Time{}, tourism("last", 60, 1e6))
	if n, err := w.dayFor(ctx, date); err != nil || n == read {
		t.Errorf("what was read before something happened is told from: %v", err)
	}
}
