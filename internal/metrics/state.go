package metrics

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// State is what is read when somebody asks. Lists that are empty are told as nothing.
type State struct {
	Sources []Source
	Runs    []Runs
	Mails   []Mails
	Tries   []Tries
	Due     float64 // recipients whose mail is due now and is not written
	Jobs    []Jobs
	Leader  bool // some machine leads the queue
	Notices float64
	Lags    map[string]float64 // calls that a consumer has not followed, by its name: match, link, index
	Nodes   []Node             // machines that answer readers, as they have told each other
	Index   *Index             // nil: this process has none
	Size    float64            // of the database, bytes
	Disks   []Disk

	Followed time.Time // when this process last came through all that follows the store; zero: it does not follow
}

// Source is where one source stands.
type Source struct {
	ID       string
	States   []string // that it may be in
	State    string   // that it is in
	Calls    float64
	Held     float64
	Complete time.Time     // zero: never
	Late     time.Duration // after how long without a reading it is late
}

// Runs is what the runs of a source came to that went alike.
type Runs struct {
	Source, Kind, Result                                    string
	Runs, Requests, Bytes, Seen, Added, Changed, Gone, Held float64
}

// Mails is how many mails of the outbox are in a state that is not its last.
type Mails struct {
	State string
	Count float64
	Due   time.Time // the earliest
}

// Tries is how many tries to send mails of a kind had an outcome.
type Tries struct {
	Kind, Outcome string
	Count         float64
}

// Jobs is how many jobs of a kind are in a state.
type Jobs struct {
	Kind, State string
	Count       float64
	Oldest      time.Time // since when the longest waiting one could have begun, or runs
}

// Node is where a machine stands that answers readers.
type Node struct {
	Name string
	Lag  float64   // calls that it does not show yet
	Beat time.Time // when it last told
}

// Index is this process's index.
type Index struct {
	Calls float64
	Whole bool
}

// Disk is the space where something is kept.
type Disk struct {
	Name       string // data
	Free, Size float64
}

// stateCollector reads the state when it is asked.
type stateCollector struct {
	read func(context.Context) (State, error)
	log  *slog.Logger

	up, followed                                                     *prometheus.Desc
	sourceState, sourceCalls, sourceHeld, sourceComplete, sourceLate *prometheus.Desc
	runs, requests, bytes, items                                     *prometheus.Desc
	mails, mailDue, tries, recipientsDue                             *prometheus.Desc
	jobs, jobOldest, leader, notices, lag, indexCalls, indexWhole    *prometheus.Desc
	nodeLag, nodeBeat                                                *prometheus.Desc
	size, diskFree, diskSize                                         *prometheus.Desc

	turn sync.Mutex
}

func newStateCollector(read func(context.Context) (State, error), log *slog.Logger) *stateCollector {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("utkik_"+name, help, labels, nil)
	}
	return &stateCollector{
		read: read, log: log,
		up:             d("store_up", "1 while the store answers; everything that is read from it is told then only."),
		followed:       d("follow_timestamp_seconds", "When this process last came through all that follows the store."),
		sourceState:    d("source_state", "1 for the state that a source is in, 0 for the others.", "source", "state"),
		sourceCalls:    d("source_calls", "Calls that are kept of a source.", "source"),
		sourceHeld:     d("source_held", "Items of a source in quarantine.", "source"),
		sourceComplete: d("source_complete_timestamp_seconds", "End of the latest complete crawl of a source.", "source"),
		sourceLate:     d("source_late_after_seconds", "After how long without a reading a source in service is late.", "source"),
		runs:           d("runs_total", "Runs that have ended, by source, kind and result.", "source", "kind", "result"),
		requests:       d("run_requests_total", "Requests of runs that have ended.", "source"),
		bytes:          d("run_received_bytes_total", "Bodies that runs have received.", "source"),
		items:          d("run_items_total", "Items that runs have seen, and what was found of them: new, changed, gone or held.", "source", "found"),
		mails:          d("outbox_mails", "Mails that wait, are being sent, were refused or are suspended.", "state"),
		mailDue:        d("outbox_oldest_due_timestamp_seconds", "Since when the longest waiting mail could be sent.", "state"),
		tries:          d("mail_tries_total", "Tries to send a mail, by its kind and what came of them.", "kind", "outcome"),
		recipientsDue:  d("recipients_due", "Recipients whose mail is due and not yet written."),
		jobs:           d("jobs", "Jobs of the queue that are not done, by kind and state.", "kind", "state"),
		jobOldest:      d("jobs_oldest_timestamp_seconds", "Since when the oldest job of a kind waits or runs.", "kind", "state"),
		leader:         d("jobs_leader", "1 while some machine leads the queue."),
		notices:        d("notices_open", "Matters that the operator should know of and that last."),
		lag:            d("lag_calls", "Calls that a consumer of the change log has not followed.", "consumer"),
		nodeLag:        d("node_lag_calls", "Calls that a machine that answers readers has not followed, told by every process alike.", "node"),
		nodeBeat:       d("node_beat_timestamp_seconds", "When a machine that answers readers last told where it stands.", "node"),
		indexCalls:     d("index_calls", "Calls that can be found in the index of this process."),
		indexWhole:     d("index_whole", "1 while the index of this process holds all that it has followed, undamaged."),
		size:           d("store_size_bytes", "Size of the database."),
		diskFree:       d("disk_free_bytes", "Free space of the file system on which something is kept.", "volume"),
		diskSize:       d("disk_size_bytes", "Size of the file system on which something is kept.", "volume"),
	}
}

// Describe implements [prometheus.Collector].
func (c *stateCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.up, c.followed, c.sourceState, c.sourceCalls, c.sourceHeld, c.sourceComplete, c.sourceLate, c.runs, c.requests, c.bytes, c.items, c.mails,
		c.mailDue, c.tries, c.recipientsDue, c.jobs, c.jobOldest, c.leader, c.notices, c.lag, c.nodeLag, c.nodeBeat, c.indexCalls, c.indexWhole, c.size, c.diskFree, c.diskSize,
	} {
		to <- d
	}
}

// readTime bounds one reading.
const readTime = 15 * time.Second

// Collect implements [prometheus.Collector].
func (c *stateCollector) Collect(to chan<- prometheus.Metric) {
	c.turn.Lock()
	defer c.turn.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), readTime)
	defer cancel()
	s, err := c.read(ctx)
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	moment := func(d *prometheus.Desc, t time.Time, labels ...string) {
		if !t.IsZero() {
			gauge(d, float64(t.UnixMilli())/1000, labels...)
		}
	}
	bit := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	moment(c.followed, s.Followed)
	for _, disk := range s.Disks {
		gauge(c.diskFree, disk.Free, disk.Name)
		gauge(c.diskSize, disk.Size, disk.Name)
	}
	if s.Index != nil {
		gauge(c.indexCalls, s.Index.Calls)
		gauge(c.indexWhole, bit(s.Index.Whole))
	}
	gauge(c.up, bit(err == nil))
	if err != nil {
		c.log.Warn("what the store holds cannot be told to who watches", "err", err)
		return
	}
	for _, src := range s.Sources {
		for _, state := range src.States {
			gauge(c.sourceState, bit(state == src.State), src.ID, state)
		}
		gauge(c.sourceCalls, src.Calls, src.ID)
		gauge(c.sourceHeld, src.Held, src.ID)
		moment(c.sourceComplete, src.Complete, src.ID)
		if src.Late > 0 {
			gauge(c.sourceLate, src.Late.Seconds(), src.ID)
		}
	}
	for _, r := range s.Runs {
		counter(c.runs, r.Runs, r.Source, r.Kind, r.Result)
	}
	for _, r := range bySource(s.Runs) {
		counter(c.requests, r.Requests, r.Source)
		counter(c.bytes, r.Bytes, r.Source)
		for _, f := range []struct {
			found string
			n     float64
		}{{"seen", r.Seen}, {"new", r.Added}, {"changed", r.Changed}, {"gone", r.Gone}, {"held", r.Held}} {
			counter(c.items, f.n, r.Source, f.found)
		}
	}
	for _, m := range s.Mails {
		gauge(c.mails, m.Count, m.State)
		moment(c.mailDue, m.Due, m.State)
	}
	for _, t := range s.Tries {
		counter(c.tries, t.Count, t.Kind, t.Outcome)
	}
	for consumer, n := range s.Lags {
		gauge(c.lag, n, consumer)
	}
	for _, n := range s.Nodes {
		gauge(c.nodeLag, n.Lag, n.Name)
		moment(c.nodeBeat, n.Beat, n.Name)
	}
	for _, j := range s.Jobs {
		gauge(c.jobs, j.Count, j.Kind, j.State)
		moment(c.jobOldest, j.Oldest, j.Kind, j.State)
	}
	gauge(c.recipientsDue, s.Due)
	gauge(c.leader, bit(s.Leader))
	gauge(c.notices, s.Notices)
	gauge(c.size, s.Size)
}

// bySource adds up the runs of each source.
func bySource(runs []Runs) []Runs {
	var out []Runs
	for _, r := range runs {
		i := slices.IndexFunc(out, func(o Runs) bool { return o.Source == r.Source })
		if i < 0 {
			out = append(out, Runs{Source: r.Source})
			i = len(out) - 1
		}
		o := &out[i]
		o.Requests, o.Bytes, o.Seen, o.Added = o.Requests+r.Requests, o.Bytes+r.Bytes, o.Seen+r.Seen, o.Added+r.Added
		o.Changed, o.Gone, o.Held = o.Changed+r.Changed, o.Gone+r.Gone, o.Held+r.Held
	}
	return out
}
