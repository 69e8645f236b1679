package kind

import (
	"fmt"
	"slices"
)

// Fault is the class of what is wrong with a run. It is kept with the run, so that nobody has to read the words of a
// note to know what happened.
type Fault string

// The faults. The first half is seen by the engine, the second by comparing a run with earlier ones.
const (
	FaultNetwork     Fault = "network"     // no connection, no whole answer
	FaultCertificate Fault = "certificate" // the site's certificate has expired or is another's
	FaultRobots      Fault = "robots"      // robots.txt refuses
	FaultRefused     Fault = "refused"     // status 401, 403, 429 or 451
	FaultMoved       Fault = "moved"       // status 404 or 410, or a redirect that may not be followed
	FaultServer      Fault = "server"      // any other status
	FaultSize        Fault = "size"        // more than we take
	FaultLayout      Fault = "layout"      // an answer that its kind cannot read
	FaultShort       Fault = "short"       // the listing was not read to its end, or its totals disagree
	FaultExpected    Fault = "expected"    // an expectation of the source's file was missed
	FaultProgram     Fault = "program"     // a mistake or the end of this program, or a file that it could not use

	FaultJump     Fault = "jump"     // far more items than known came at once
	FaultFall     Fault = "fall"     // far fewer items than known
	FaultStale    Fault = "stale"    // a crowd of rows that are open with every deadline past
	FaultWaiting  Fault = "waiting"  // calls of a crowd that wait until later runs confirm them
	FaultVanished Fault = "vanished" // no item has a field that many had
	FaultThin     Fault = "thin"     // far fewer items have a field than had it
)

// Faults are all of them.
func Faults() []Fault {
	return []Fault{FaultNetwork, FaultCertificate, FaultRobots, FaultRefused, FaultMoved, FaultServer, FaultSize, FaultLayout, FaultShort,
		FaultExpected, FaultProgram, FaultJump, FaultFall, FaultStale, FaultWaiting, FaultVanished, FaultThin}
}

// Validate tells whether f is one of the known faults or empty.
func (f Fault) Validate() error {
	if f == "" || slices.Contains(Faults(), f) {
		return nil
	}
	return fmt.Errorf("fault %q is none of those that runs are known to have", string(f))
}

// Finding is one thing that is wrong with a run, or was different in it than in earlier ones.
type Finding struct {
	Fault Fault  `json:"fault"`
	Field string `json:"field,omitempty"` // of the exchange format, when it is about one
	Text  string `json:"text"`
}
