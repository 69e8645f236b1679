package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
	"utkik/internal/subscription"
)

func TestSigningKeysAndFeeds(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		day := 24 * time.Hour
		add := func(secret string, now time.Time) {
			t.Helper()
			if err := s.AddSigningKey(ctx, []byte(secret), now, now.Add(-90*day), now.Add(-400*day)); err != nil {
				t.Fatal(err)
			}
		}
		add("first", epoch)
		add("too soon", epoch.Add(day)) // another machine was quicker
		add("second", epoch.Add(91*day))
		keys, err := s.SigningKeys(ctx)
		if err != nil || len(keys) != 2 || string(keys[0].Secret) != "first" || string(keys[1].Secret) != "second" || !keys[1].Made.Equal(epoch.Add(91*day)) {
			t.Errorf("%+v, %v", keys, err)
		}
		add("third", epoch.Add(450*day))
		if keys, err = s.SigningKeys(ctx); err != nil || len(keys) != 2 || string(keys[0].Secret) != "second" {
			t.Errorf("old keys stay: %+v, %v", keys, err)
		}

		a, b := Feed{"recipient:a", "aaa", epoch}, Feed{"department:kultur", "bbb", epoch}
		if err := s.SaveFeeds(ctx, []Feed{a, b}, false); err != nil {
			t.Fatal(err)
		}
		if err := s.SaveFeeds(ctx, []Feed{{"recipient:a", "ccc", epoch.Add(day)}}, false); err != nil {
			t.Fatal(err)
		}
		got, err := s.Feeds(ctx)
		if d := cmp.Diff([]Feed{b, a}, got); d != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
		a.Secret, a.Made = "ddd", epoch.Add(day)
		if err := s.SaveFeeds(ctx, []Feed{a}, true); err != nil {
			t.Fatal(err)
		}
		got, err = s.Feeds(ctx)
		if d := cmp.Diff([]Feed{b, a}, got); d != "" || err != nil {
			t.Errorf("renewed: %v (-want +got):\n%s", err, d)
		}
		if kind, id := got[0].Owner(); kind != "department" || id != "kultur" {
			t.Errorf("owner %s %s", kind, id)
		}
	})
}

func TestDo(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		saved(t, s, Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: sample("ft-portal", "1"), Changes: []call.Change{
			{At: day(1), Event: call.EventNew, Material: true}, {At: day(2), Event: call.EventText, Field: "text", Old: "1", New: "2"},
			{At: day(3), Event: call.EventTitle, Field: "title", Old: "1", New: "2", Material: true, Mended: true}}}}})
		if err := s.SaveRecipients(ctx, []subscription.Recipient{reader("a")}, true); err != nil {
			t.Fatal(err)
		}
		key := call.Key{Source: "ft-portal", Ref: "1"}
		not := func(why string) subscription.Decision {
			return subscription.Decision{Key: key, Recipient: "a", Choice: subscription.NotRelevant, Why: why, Who: "A", At: epoch}
		}
		undo := subscription.Decision{Key: key, Recipient: "a", Choice: subscription.Undecided, Who: "A", At: epoch}
		about := Act{At: epoch, Recipient: "a", Act: "not-relevant", Key: key, Detail: "för litet", Way: "page"}
		for _, tt := range []struct {
			name    string
			act     Act
			pause   *subscription.Pause
			decide  []subscription.Decision
			changed bool
		}{
			{"nothing to take back", Act{At: epoch, Recipient: "a", Act: "undo", Key: key, Way: "page"}, nil, []subscription.Decision{undo}, false},
			{"first", about, nil, []subscription.Decision{not("för litet")}, true},
			{"again", about, nil, []subscription.Decision{not("för litet")}, false},
			{"another reason", about, nil, []subscription.Decision{not("fel ämne")}, true},
			{"taken back", Act{At: epoch, Recipient: "a", Act: "undo", Key: key, Way: "page"}, nil, []subscription.Decision{undo}, true},
			{"unsubscribe", Act{At: epoch, Recipient: "a", Act: "unsubscribe", Way: "one-click"}, &subscription.Pause{Until: subscription.Never}, nil, true},
			{"unsubscribe again", Act{At: epoch, Recipient: "a", Act: "unsubscribe", Way: "one-click"}, &subscription.Pause{Until: subscription.Never}, nil, false},
			{"resume", Act{At: epoch, Recipient: "a", Act: "resume", Way: "page"}, &subscription.Pause{}, nil, true},
		} {
			changed, err := s.Do(ctx, tt.act, tt.pause, tt.decide...)
			if changed != tt.changed || err != nil {
				t.Errorf("%s: changed %v, %v, want %v", tt.name, changed, err, tt.changed)
			}
		}
		acts, err := s.Acts(ctx, "a", 0)
		if err != nil || len(acts) != 5 || acts[0].Act != "resume" || acts[1].Way != "one-click" || acts[4] != about {
			t.Errorf("%+v, %v", acts, err)
		}
		if acts, err = s.Acts(ctx, "", 1); err != nil || len(acts) != 1 {
			t.Errorf("of all: %+v, %v", acts, err)
		}
		ds, err := s.DecisionsOf(ctx, key)
		if err != nil || len(ds) != 3 || ds[0] != not("för litet") {
			t.Errorf("%+v, %v", ds, err)
		}
		gone := not("för litet")
		gone.Key.Ref = "2"
		about.Key.Ref = "2"
		if _, err := s.Do(ctx, about, nil, gone); !errors.Is(err, ErrNotFound) {
			t.Errorf("a call that is not stored: %v", err)
		}
		if _, err := s.Do(ctx, Act{At: epoch, Recipient: "b", Act: "resume"}, &subscription.Pause{}); !errors.Is(err, ErrNotFound) {
			t.Errorf("a recipient that is not there: %v", err)
		}
		told, err := s.ToldAt(ctx)
		if d := cmp.Diff(map[call.Key]time.Time{key: day(1)}, told); d != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
	})
}
