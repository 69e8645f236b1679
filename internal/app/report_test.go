package app_test

import (
	"slices"
	"testing"
	"time"

	"utkik/internal/app"
	"utkik/internal/call"
	"utkik/internal/report"
	"utkik/internal/store"
	"utkik/internal/subscription"
)

// The year's figures agree with the store, counted once more from its tables.
func TestReportAgrees(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			portal, text := watching(t)
			file := configure(t, text+place(t, engine))
			a := installation(t, file, portal.Days()[0])
			crawl(t, a)
			closeApp(t, a)
			portal.SetDay(1)
			now := portal.Days()[1]
			a = installation(t, file, now)
			defer closeApp(t, a)
			crawl(t, a)
			ctx := t.Context()
			groups, err := a.Store.Groups(ctx)
			if err != nil {
				t.Fatal(err)
			}
			head := func(k call.Key) call.Key {
				for _, g := range groups {
					if slices.Contains(g, k) {
						return g[0]
					}
				}
				return k
			}
			included, some := map[string]map[call.Key]bool{}, []call.Key{}
			err = a.Store.EachMatched(ctx, a.Plan.ID, func(m store.Matched) error {
				for _, r := range m.Results {
					if !r.Included {
						continue
					}
					if included[r.Priority] == nil {
						included[r.Priority] = map[call.Key]bool{}
					}
					included[r.Priority][head(m.Key)] = true
					some = append(some, m.Key)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(some, call.Key.Compare)
			for i, c := range []subscription.Choice{subscription.Act, subscription.Follow, subscription.NotRelevant} {
				d := subscription.Decision{Key: some[len(some)*i/3], Department: "kultur", Choice: c, Why: "a reason", At: now}
				if err := a.Store.Decide(ctx, d); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := a.Digests(ctx, []string{"regional-utveckling", "kultur"}, now.In(app.Stockholm()).Format(time.DateOnly), "sv"); err != nil {
				t.Fatal(err)
			}
			r, err := a.Report(ctx, now.Year(), "sv")
			if err != nil {
				t.Fatal(err)
			}
			all := map[call.Key]bool{}
			for _, p := range r.Priorities {
				if n := p.All(); n != len(included[p.ID]) {
					t.Errorf("%s: %d items are counted, and the store has %d", p.ID, n, len(included[p.ID]))
				}
				for k := range included[p.ID] {
					all[k] = true
				}
				if p.Decided()+p.Undecided != p.All() || p.InTime+p.Late+p.Passed > p.All() {
					t.Errorf("%s: parts do not make a whole: %+v", p.ID, p.Figures)
				}
			}
			if r.Total.All() != len(all) || len(r.Items) != len(all) {
				t.Errorf("%d items in all, %d listed, and the store has %d", r.Total.All(), len(r.Items), len(all))
			}
			if r.Total.Act != 1 || r.Total.Follow != 1 || r.Total.NotRelevant != 1 {
				t.Errorf("decided: %+v", r.Total)
			}
			changes, err := a.Store.Changes(ctx, store.ChangeQuery{})
			if err != nil {
				t.Fatal(err)
			}
			fresh := map[call.Key]bool{}
			for _, c := range changes {
				if k := head(c.Key()); c.Event == call.EventNew && !c.Baseline && all[k] {
					fresh[k] = true
				}
			}
			if r.Total.New != len(fresh) || len(fresh) == 0 {
				t.Errorf("%d are new, and the change log has %d", r.Total.New, len(fresh))
			}
			if r.Total.InDigest == 0 || r.Total.Mailed != 0 {
				t.Errorf("told: %+v", r.Total)
			}
			counts, err := a.Store.Count(ctx, store.Tries{})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range counts.Runs {
				i := slices.IndexFunc(r.Sources, func(s report.Source) bool { return s.ID == c.Source })
				if i < 0 || int64(r.Sources[i].Runs) != c.Runs || int64(r.Sources[i].New) != c.Added || int64(r.Sources[i].Held) != c.Held {
					t.Errorf("source %+v, and the store has %+v", r.Sources, c)
				}
			}
			// What is mailed is counted by who was sent it: here two readers, of one content.
			kept, err := a.Store.Digests(ctx, "regional-utveckling", 1)
			if err != nil || len(kept) != 1 {
				t.Fatalf("%d digests, %v", len(kept), err)
			}
			body, err := store.PackContent(&store.Content{Subject: "news", Data: kept[0].Body})
			if err != nil {
				t.Fatal(err)
			}
			var sent []store.Outcome
			for _, id := range []string{"one", "two"} {
				key := store.MailKey{Recipient: id, Period: "2026-05-13"}
				if _, err := a.Store.Post(ctx, store.Mail{MailKey: key, Kind: app.KindDigest, Address: id + "@example.org", MessageID: id + "@example.org"}, body); err != nil {
					t.Fatal(err)
				}
				sent = append(sent, store.Outcome{Mail: key, Address: id + "@example.org", State: store.MailSent, At: now})
			}
			if _, err := a.Store.TakeMails(ctx, now, 10); err != nil {
				t.Fatal(err)
			}
			if err := a.Store.RecordMails(ctx, sent); err != nil {
				t.Fatal(err)
			}
			mailed, err := a.Report(ctx, now.Year(), "sv")
			if err != nil || mailed.Total.Mailed == 0 || mailed.Total.Mails != 2*mailed.Total.Mailed || mailed.Total.Mailed > mailed.Total.InDigest {
				t.Errorf("mailed: %+v, %v", mailed.Total, err)
			}
			if n, err := a.Store.WeedMails(ctx, now.AddDate(0, 0, 1)); err != nil || n != 1 {
				t.Fatalf("%d contents weeded, %v", n, err)
			}
			if weeded, err := a.Report(ctx, now.Year(), "sv"); err != nil || weeded.Total.Mailed != 0 || weeded.Weeded != 2 {
				t.Errorf("after weeding: %+v, %d weeded, %v", weeded.Total, weeded.Weeded, err)
			}
			if before, err := a.Report(ctx, now.Year()-1, "sv"); err != nil || before.Total.All() != 0 {
				t.Errorf("the year before: %+v, %v", before.Total, err)
			}
		})
	}
}
