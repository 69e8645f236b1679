package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"utkik/internal/call"
	"utkik/internal/outbox"
	"utkik/internal/schedule"
	"utkik/internal/store"
	"utkik/internal/subscription"
)

// awaiting is what was decided to be followed or taken, as it stands.
type awaiting struct {
	departments, recipients map[string]map[call.Key]subscription.Decision
	calls                   map[call.Key]*call.Call // that have not left their source
	groups                  map[call.Key][]call.Key // of the decided calls, the best first
	now                     time.Time
}

// steps are the days before a deadline on which is reminded.
func (a *App) steps() []int {
	steps, _ := subscription.ParseSteps(a.Config.Reminders.Days) // unreachable error: the configuration was checked
	return steps
}

// readAwaiting reads the calls that decisions speak of; nil when none is to be reminded of.
func (a *App) readAwaiting(ctx context.Context, ds []subscription.Decision, now time.Time) (*awaiting, error) {
	w := &awaiting{map[string]map[call.Key]subscription.Decision{}, map[string]map[call.Key]subscription.Decision{}, map[call.Key]*call.Call{}, map[call.Key][]call.Key{}, now}
	any := false
	for _, d := range ds {
		to, id := w.departments, d.Department
		if d.Recipient != "" {
			to, id = w.recipients, d.Recipient
		}
		if to[id] == nil {
			to[id] = map[call.Key]subscription.Decision{}
		}
		to[id][d.Key] = d
		if waits(d) {
			any = true
			w.groups[d.Key] = []call.Key{d.Key}
		}
	}
	if !any || len(a.steps()) == 0 {
		return nil, nil
	}
	groups, err := a.Store.Groups(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		for _, k := range g {
			if w.groups[k] != nil {
				w.groups[k] = g
			}
		}
	}
	var keys []call.Key
	for _, g := range w.groups {
		keys = append(keys, g...)
	}
	records, err := a.Store.RecordsOf(ctx, keys)
	if err != nil {
		return nil, err
	}
	for k, r := range records {
		if r.Gone.IsZero() {
			w.calls[k] = &r.Call
		}
	}
	return w, nil
}

func waits(d subscription.Decision) bool {
	return d.Choice == subscription.Follow || d.Choice == subscription.Act
}

// of gives what a department, or a recipient of it, waits for: its own decision goes before the department's, and of
// several sources of one call the first that is not closed stands for it, as in a digest.
func (w *awaiting) of(department, recipient string) []subscription.Awaited {
	var out []subscription.Awaited
	at := map[call.Key]int{}
	add := func(d subscription.Decision) {
		if !waits(d) {
			return
		}
		g := w.groups[d.Key]
		i := slices.IndexFunc(g, func(k call.Key) bool { return w.calls[k] != nil && w.calls[k].StatusAt(w.now) != call.StatusClosed })
		if i < 0 {
			return
		}
		next, ok := w.calls[g[i]].NextDeadline(w.now)
		if !ok {
			return
		}
		if n, twice := at[g[i]]; twice {
			if d.At.Before(out[n].Since) {
				out[n].Since = d.At
			}
			return
		}
		at[g[i]] = len(out)
		keys := append([]call.Key{g[i]}, slices.DeleteFunc(slices.Clone(g), func(k call.Key) bool { return k == g[i] })...)
		out = append(out, subscription.Awaited{Keys: keys, Deadline: next.Time().In(call.Brussels()), Since: d.At})
	}
	own := w.recipients[recipient]
	for _, d := range own {
		add(d)
	}
	for k, d := range w.departments[department] {
		if _, mine := own[k]; !mine && department != "" {
			add(d)
		}
	}
	return out
}

// reminders gives the reminders that are due to recipients now.
func (a *App) reminders(ctx context.Context, rs []subscription.Recipient, ds []subscription.Decision, now time.Time, works subscription.Calendar) (map[string][]subscription.Reminder, error) {
	w, err := a.readAwaiting(ctx, ds, now)
	if err != nil || w == nil {
		return nil, err
	}
	given, err := a.Store.Reminders(ctx, now.AddDate(0, 0, -1).Format(time.DateOnly))
	if err != nil {
		return nil, err
	}
	out := map[string][]subscription.Reminder{}
	for i := range rs {
		r := &rs[i]
		if awaited := w.of(r.Department, r.ID); len(awaited) > 0 {
			out[r.ID] = r.Reminders(awaited, given[r.ID], a.steps(), now, works)
		}
	}
	return out, nil
}

// departmentReminders gives the reminders that fall on a day for departments, which have no ledger: those that were not due
// already on the working day before.
func (a *App) departmentReminders(ctx context.Context, ids []string, ds []subscription.Decision, day, now time.Time) (map[string][]subscription.Reminder, error) {
	w, err := a.readAwaiting(ctx, ds, now)
	if err != nil || w == nil {
		return nil, err
	}
	before := day.AddDate(0, 0, -1)
	for !schedule.Works(before) {
		before = before.AddDate(0, 0, -1)
	}
	out := map[string][]subscription.Reminder{}
	for _, id := range ids {
		awaited := w.of(id, "")
		given := subscription.Reminders(awaited, nil, a.steps(), before, subscription.UntilNext(before, schedule.Works))
		out[id] = subscription.Reminders(awaited, given, a.steps(), day, subscription.UntilNext(day, schedule.Works))
	}
	return out, nil
}

// reminderKey is that of a mail of reminders: one a day.
func reminderKey(r *subscription.Recipient, d subscription.Due) store.MailKey {
	return store.MailKey{Recipient: r.ID, Period: d.Period + "-reminder"}
}

// remindsAlone gives the mail by which a recipient is reminded now, where no mail of its rhythm is due.
func (a *App) remindsAlone(ctx context.Context, r *subscription.Recipient, rs []subscription.Reminder, now time.Time, works subscription.Calendar) (due, bool, error) {
	d, clear := r.Clear(now, works)
	if !clear || len(rs) == 0 {
		return due{}, false, nil
	}
	if d.StandIn {
		s, err := a.Store.Suspended(ctx, d.Address)
		if err != nil || s.Is() {
			return due{}, false, err
		}
	}
	_, err := a.Store.Mail(ctx, reminderKey(r, d))
	if errors.Is(err, store.ErrNotFound) {
		return due{recipient: r, Due: d, reminders: rs, only: true}, true, nil
	}
	return due{}, false, err // it has been reminded today: a deadline that moved since is told tomorrow
}

// remindersDue tells whether anybody is to be reminded now by a mail of its own.
func (a *App) remindersDue(ctx context.Context, all []subscription.Recipient, now time.Time, works subscription.Calendar) (bool, error) {
	decisions, err := a.Store.Decisions(ctx)
	if err != nil {
		return false, err
	}
	reminders, err := a.reminders(ctx, all, decisions, now, works)
	for i := range all {
		if err != nil {
			return false, err
		}
		var ok bool
		if _, ok, err = a.remindsAlone(ctx, &all[i], reminders[all[i].ID], now, works); ok {
			return true, nil
		}
	}
	return false, err
}

// remind writes a mail of reminders, with the record that they were given.
func (a *App) remind(ctx context.Context, w *Written, dry bool, m *made, d due, domain string, now time.Time) error {
	r := d.recipient
	key := reminderKey(r, d.Due)
	line := MailLine{key, KindReminder, d.Address, m.subject, len(d.reminders)}
	if !dry {
		mail := store.Mail{MailKey: key, Kind: KindReminder, Items: len(d.reminders), Address: d.Address, Name: r.Name, Language: r.Language,
			MessageID: outbox.MessageID(a.Store.Stored(key), domain), Due: now}
		written, err := a.Store.Post(ctx, mail, m.content, d.reminders...)
		if err != nil || !written {
			return err
		}
	}
	w.Mails = append(w.Mails, line)
	return nil
}
