package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"utkik/crawler"
	"utkik/crawler/kind"
	"utkik/internal/intake"
	"utkik/internal/jobs"
	"utkik/internal/link"
	"utkik/internal/schedule"
	"utkik/internal/store"
	"utkik/internal/watch"
)

// The hours by which the program goes of itself, in Stockholm.
const (
	digestHour = 6 // digests of the days before are written, on working days
	nightHour  = 2 // what is done once a night
)

// The queues, and who works them.
const (
	queueClock = "clock" // every machine that works
	queueCrawl = "crawl" // the role crawl
	queueMail  = "mail"  // the role mail
)

// The cursors of what is done once a day, in days or seconds since 1970.
const (
	cursorPruned = "night:prune"
)

// Works tells whether people work on a day: the calendar by which mails are written.
func Works(day time.Time) bool { return schedule.Works(day) }

// work is what a machine does in the background.
type work struct {
	*App
	jobs   *jobs.Jobs
	engine *crawler.Engine // of the role crawl; else nil

	telling *telling // what jobs of several organisations tell from; who has the turn looks at it
}

// kinds is every kind of job.
func (w *work) kinds() []jobs.Kind {
	return []jobs.Kind{
		// What is due is asked of the store each minute: what was missed, for a minute or a week, is due once.
		{Name: "clock", Queue: queueClock, Every: time.Minute, Tries: 1, Again: time.Minute, Do: w.clock},
		// A site that fails is asked again before its next time comes, three times in all.
		{Name: "crawl", Queue: queueCrawl, Tries: 3, Again: 20 * time.Minute, Do: w.crawlOne},
		// A part of a large source that a run of it shares: what is left of it that run does itself.
		{Name: "batch", Queue: queueCrawl, Tries: 3, Again: 10 * time.Second, Do: w.batchJob},
		{Name: "catch-up", Queue: queueCrawl, Tries: 5, Again: time.Minute, Do: w.catchUp},
		{Name: "prune", Queue: queueCrawl, Tries: 3, Again: 10 * time.Minute, Do: w.prune},
		{Name: "digest", Queue: queueMail, Tries: 10, Again: time.Minute, Do: w.digests},
		{Name: "write", Queue: queueMail, Tries: 10, Again: time.Minute, Do: w.write},
		// The operator is told by the installation, not by a machine: also of what a machine does that has stopped.
		{Name: "tell", Queue: queueMail, Every: tellEvery, Tries: 1, Again: time.Minute, Do: w.tell},
		// Mails that a server refused for now wait in the outbox for their own time; here it is the server that is away.
		{Name: "send", Queue: queueMail, Tries: 20, Again: time.Minute, Do: w.send},
	}
}

// openWork begins to work in the background. A program that was not told its roles leaves out what it cannot do.
func (a *App) openWork(ctx context.Context, roles *Roles) (*work, error) {
	w := &work{App: a}
	if roles.Has(Crawl) {
		engine, err := a.engine()
		switch {
		case err != nil && roles.chosen:
			return nil, err
		case err != nil:
			a.log.WarnContext(ctx, "no source is crawled from here", "err", strings.TrimSpace(err.Error()))
			*roles = roles.without(Crawl)
		default:
			w.engine = engine
		}
	}
	queues := map[string]int{}
	if roles.Has(Crawl) {
		queues[queueClock], queues[queueCrawl] = 1, max(a.Config.Crawler.Parallel, 1)
	}
	if roles.Has(Mail) {
		queues[queueClock], queues[queueMail] = 1, 2
	}
	if len(queues) == 0 {
		return w, nil
	}
	var err error
	if w.jobs, err = jobs.Open(ctx, jobs.Config{Store: a.Store, Kinds: w.kinds(), Queues: queues, Log: a.log, Now: time.Now}); err != nil {
		return nil, errors.Join(err, w.close())
	}
	if err := w.jobs.Start(ctx); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// close ends what runs, within a bound.
func (w *work) close() error {
	var err error
	if w.jobs != nil {
		err = w.jobs.Close()
	}
	if w.engine != nil {
		w.engine.Close()
	}
	return err
}

// clock adds what is due now.
func (w *work) clock(ctx context.Context, _ jobs.Job) error {
	var errs []error
	add := func(kind, key string) {
		added, err := w.jobs.Add(ctx, kind, key, time.Time{})
		errs = append(errs, err)
		if added {
			w.log.DebugContext(ctx, "job added", "kind", kind, "key", key)
		}
	}
	hours, err := watch.ParseHours(w.Config.Crawler.Hours)
	if err != nil {
		return err // unreachable: the configuration was checked
	}
	for _, src := range w.Config.Sources() {
		last, err := w.lastRead(ctx, src.ID)
		errs = append(errs, err)
		if err == nil && watch.Due(src, last, hours, w.now()) {
			add("crawl", src.ID)
		}
	}
	w.turn.Lock() // the plan may be read anew
	behind, err := w.behind(ctx)
	errs = append(errs, err)
	var late []string // who has no digest of a day that has ended
	for _, o := range w.all() {
		days, err := o.digestDays(ctx)
		errs = append(errs, err)
		if len(days) > 0 {
			late = append(late, o.ID)
		}
	}
	w.turn.Unlock()
	if behind {
		add("catch-up", "")
	}
	for _, id := range late {
		add("digest", id)
	}
	for _, o := range w.all() {
		if due, err := o.mailsDue(ctx); err != nil || due {
			errs = append(errs, err)
			add("write", o.ID)
		}
	}
	if due, err := w.sendingDue(ctx); err != nil || due {
		errs = append(errs, err)
		add("send", "")
	}
	pruned, err := w.Store.Cursor(ctx, cursorPruned)
	if errs = append(errs, err); err == nil && schedule.Nightly(time.Unix(pruned, 0).In(Stockholm()), w.now().In(Stockholm()), nightHour) {
		add("prune", "")
	}
	return errors.Join(errs...)
}

// crawlOne reads a source. What it brings is weighed by another job.
func (w *work) crawlOne(ctx context.Context, j jobs.Job) error {
	if w.engine == nil {
		return fmt.Errorf("source %s: this machine does not crawl", j.Key) // unreachable: it works no such queue
	}
	i := slices.IndexFunc(w.Config.Sources(), func(s kind.Source) bool { return s.ID == j.Key })
	if i < 0 {
		w.log.WarnContext(ctx, "a source that was to be crawled is not configured here any more", "source", j.Key)
		return nil
	}
	if done, err := w.read(ctx, w.Config.Sources()[i]); err != nil || done {
		return err
	}
	lines, err := w.crawl(ctx, w.engine, []string{j.Key}, w.sink)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if len(lines) == 1 && lines[0].cause != nil && errors.Is(lines[0].cause, store.ErrRunning) {
		return &jobs.Later{Why: lines[0].Error, For: time.Minute}
	}
	if err != nil {
		return err
	}
	if _, err := w.jobs.Add(ctx, "catch-up", "", time.Time{}); err != nil {
		return err
	}
	if l := lines[0]; !l.Complete || l.Error != "" { // a suspect one is for a person to judge, not for another try
		about := "source " + l.Source + ": "
		return errors.New(about + cmp.Or(strings.TrimPrefix(l.Error, about), "was not read to its end; `utkik sources "+l.Source+"` tells why"))
	}
	return nil
}

// read tells whether the source has been read in full since it was due: a machine that died after that, or seemed to,
// need not be followed by another.
func (w *work) read(ctx context.Context, src kind.Source) (bool, error) {
	hours, err := watch.ParseHours(w.Config.Crawler.Hours)
	if err != nil {
		return false, err
	}
	runs, err := w.Store.Runs(ctx, src.ID, judgedRuns)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(runs, func(r store.Run) bool { return r.Kind == string(intake.Crawl) })
	if i < 0 || !runs[i].Complete || runs[i].Ended.IsZero() {
		return false, nil
	}
	return !watch.Due(src, runs[i].Started, hours, w.now()) && hours.Hold(w.now()), nil
}

func (w *work) catchUp(ctx context.Context, _ jobs.Job) error { return w.weigh(ctx) }

// prune forgets raw documents that are older than they need to be, of every source that there are documents of.
func (w *work) prune(ctx context.Context, _ jobs.Job) error {
	var errs []error
	for _, src := range w.Config.Sources() {
		n, err := w.Store.PruneDocuments(ctx, src.ID, w.now().Add(-keepDocuments))
		if n > 0 {
			w.log.InfoContext(ctx, "old documents are forgotten", "source", src.ID, "documents", n)
		}
		errs = append(errs, err)
	}
	if err := errors.Join(append(errs, w.pruneDoor(ctx), w.weedMails(ctx))...); err != nil {
		return err
	}
	return w.Store.SetCursor(ctx, cursorPruned, w.now().Unix())
}

// weedMails forgets what mails said that are older than they are kept.
func (w *work) weedMails(ctx context.Context) error {
	if w.Config.Mail.Keep == 0 {
		return nil
	}
	n, err := w.Store.WeedMails(ctx, w.now().Add(-w.Config.Mail.Keep))
	if n > 0 {
		w.log.InfoContext(ctx, "what old mails said is weeded", "contents", n)
	}
	return err
}

// digestDays gives the days whose digests are to be written now.
func (a *App) digestDays(ctx context.Context) ([]string, error) {
	last := ""
	for _, d := range a.Plan.Departments {
		kept, err := a.Store.Digests(ctx, d.ID, 1)
		if err != nil {
			return nil, err
		}
		if len(kept) > 0 {
			last = max(last, kept[0].Date)
		}
	}
	return schedule.Days(last, a.now().In(Stockholm()), digestHour, Works), nil
}

// digests writes every department's digest of the days that have ended since the last one, for the organisation of the job.
func (w *work) digests(ctx context.Context, j jobs.Job) error {
	w.turn.Lock()
	defer w.turn.Unlock()
	o := w.organisation(ctx, j)
	if o == nil {
		return nil
	}
	days, err := o.digestDays(ctx)
	if err != nil {
		return err
	}
	var ids []string
	for _, d := range o.Plan.Departments {
		ids = append(ids, d.ID)
	}
	for _, day := range days {
		n, err := w.dayFor(ctx, day)
		if err != nil {
			return err
		}
		if _, err := o.match(ctx); err != nil { // the plan may have been edited since they were read
			return err
		}
		if _, err := o.digestsOf(ctx, n, ids, "sv"); err != nil {
			return err
		}
		o.log.InfoContext(ctx, "digests are written", "date", day, "departments", len(ids))
	}
	return nil
}

// organisation is whose job it is; nil where it is not served any more.
func (w *work) organisation(ctx context.Context, j jobs.Job) *App {
	o, err := w.Organisation(j.Key)
	if err != nil {
		w.log.WarnContext(ctx, "a job is left: its organisation is not configured here any more", "kind", j.Kind, "organisation", j.Key)
		return nil
	}
	return o
}

// mailsDue tells whether a mail is to be written to anybody now.
func (a *App) mailsDue(ctx context.Context) (bool, error) {
	all, err := a.Store.Recipients(ctx)
	for i := range all {
		if _, why := all[i].Due(a.now(), Works); why == "" {
			return true, err
		}
	}
	if err != nil {
		return false, err
	}
	return a.remindersDue(ctx, all, a.now(), Works)
}

// write writes to the outbox what is due for the recipients.
func (w *work) write(ctx context.Context, j jobs.Job) error {
	w.turn.Lock()
	defer w.turn.Unlock()
	o := w.organisation(ctx, j)
	if o == nil {
		return nil
	}
	done, err := o.WriteDigests(ctx, WriteOptions{Works: Works, read: w.mailsFor})
	if len(done.Mails)+len(done.Failed) > 0 {
		o.log.InfoContext(ctx, "mails are written", "mails", len(done.Mails), "quiet", done.Quiet, "failed", len(done.Failed))
	}
	for _, p := range done.Templates {
		o.log.ErrorContext(ctx, "a template is not used", "err", p.String())
	}
	for _, p := range done.Failed { // the others have theirs
		o.log.ErrorContext(ctx, "a mail could not be written", "what", p.File, "err", p.Text)
	}
	if err != nil {
		return err
	}
	if len(done.Mails) > 0 && w.Config.Mail.Host != "" {
		_, err = w.jobs.Add(ctx, "send", "", time.Time{})
	}
	return err
}

// sendingDue tells whether a mail is to be sent now.
func (w *work) sendingDue(ctx context.Context) (bool, error) {
	if w.Config.Mail.Host == "" { // dry: nothing is sent
		return false, nil
	}
	counts, err := w.Store.AllMailCounts(ctx)
	for _, c := range counts {
		if c.State == store.MailQueued && !c.Due.After(w.now()) || c.State == store.MailSending {
			return true, err
		}
	}
	return false, err
}

// mailNow lets a mail leave that somebody waits for, rather than when the clock looks next. A machine that works nothing
// leaves it to the clock of those that do.
func (w *work) mailNow(ctx context.Context) {
	if w.jobs == nil || w.Config.Mail.Host == "" {
		return
	}
	if _, err := w.jobs.Add(ctx, "send", "", time.Time{}); err != nil {
		w.log.WarnContext(ctx, "a mail waits for the clock", "err", err)
	}
}

// send sends what is due.
func (w *work) send(ctx context.Context, _ jobs.Job) error {
	r, err := w.SendMails(ctx)
	if errors.Is(err, store.ErrRunning) {
		return &jobs.Later{Why: "another program is sending", For: time.Minute}
	}
	if err != nil {
		return err
	}
	w.log.InfoContext(ctx, "mails are sent", "sent", r.Sent, "later", r.Later, "refused", r.Refused, "suspended", r.Suspended)
	if r.Stopped != "" {
		return errors.New(r.Stopped)
	}
	return nil
}

// behind tells whether matches or links have not followed the store, or the plan.
func (a *App) behind(ctx context.Context) (bool, error) {
	states, err := a.Store.PlanStates(ctx)
	if err != nil {
		return true, err
	}
	cursor := int64(math.MaxInt64)
	for _, o := range a.all() {
		matched := states[o.Plan.ID]
		if matched.Hash != o.planHash && o.weighed != o.planHash {
			return true, nil
		}
		cursor = min(cursor, matched.Cursor)
	}
	st, err := a.Store.LinkState(ctx)
	if err != nil || st.Rules != link.Version || st.Facts != st.Done {
		return true, err
	}
	more, err := a.Store.Changed(ctx, min(cursor, st.Cursor), 1)
	return len(more) > 0, err
}

// weigh brings matches and links to where the store is; of several machines one does. One whose plan is another than that
// of the stored matches weighs everything anew, once: two that have different plans must not undo each other's work for
// ever.
func (a *App) weigh(ctx context.Context) error {
	a.turn.Lock()
	defer a.turn.Unlock()
	return a.weighInTurn(ctx)
}

func (a *App) weighInTurn(ctx context.Context) error {
	if err := a.gather(); err != nil {
		return err
	}
	if behind, err := a.behind(ctx); err != nil || !behind {
		return err
	}
	release, err := a.Store.Hold(ctx, "weigh")
	if errors.Is(err, store.ErrRunning) {
		return nil
	}
	if err != nil {
		return err
	}
	defer release()
	states, err := a.Store.PlanStates(ctx)
	if err != nil {
		return err
	}
	var ours []*App // whose plan is not another machine's by now
	for _, o := range a.all() {
		if states[o.Plan.ID].Hash != o.planHash && o.weighed == o.planHash {
			o.log.WarnContext(ctx, "another machine weighs by another plan; give all of them the same plan", "plan", o.Plan.ID)
			continue
		}
		ours = append(ours, o)
	}
	if _, err := a.matchAll(ctx, ours); err != nil {
		return err
	}
	for _, o := range ours {
		o.weighed = o.planHash
	}
	return a.link(ctx)
}

// Job is one job as commands print it.
type Job = jobs.Line

// Jobs gives the jobs of the installation that are queued, running or failed, and with done those of the last day that
// are done too.
func (a *App) Jobs(ctx context.Context, done bool) ([]Job, error) {
	var out []Job
	err := a.withQueue(ctx, func(q *jobs.Jobs) (err error) {
		out, err = q.List(ctx, done, 0)
		return err
	})
	return out, err
}

// RetryJob lets a job be tried again at once.
func (a *App) RetryJob(ctx context.Context, id int64) (Job, error) {
	var out Job
	err := a.withQueue(ctx, func(q *jobs.Jobs) (err error) {
		out, err = q.Retry(ctx, id)
		if errors.Is(err, jobs.ErrNoJob) && out.ID == 0 {
			err = &UnknownError{What: "job", Names: []string{fmt.Sprint(id)}, See: "utkik jobs"}
		}
		return err
	})
	return out, err
}

func (a *App) withQueue(ctx context.Context, do func(*jobs.Jobs) error) error {
	q, err := jobs.Open(ctx, jobs.Config{Store: a.Store, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now})
	if err != nil {
		return err
	}
	return errors.Join(do(q), q.Close())
}
