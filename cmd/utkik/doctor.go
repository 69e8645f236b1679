package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"utkik/config"
	"utkik/internal/app"
	"utkik/internal/doctor"
)

// errUnwell ends a doctor's visit that found something that does not work.
var errUnwell = errors.New("something does not work; the lines that begin with fail say what to do")

func (p *program) doctorCommand() *cobra.Command {
	var o app.DoctorOptions
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look at everything that an installation needs, and say what to do",
		Long: `Looks at the configuration, the plan, the data folder and its disk, the clock, the store from end to end, how the sources stand, the
index against the store, the queue, the outbox, and the mail server, which is asked whether it would take mail, without sending any. Each line is ok,
warn or fail, with what to do next. It may be run beside "utkik serve", and alters nothing.

Exit codes: 0 all is well, 1 something does not work, 2 the configuration cannot be read, 3 something should be looked at.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.load()
			if err != nil {
				return p.doctorConfig(err)
			}
			return p.printDoctor(app.Doctor(cmd.Context(), cfg, o))
		},
	}
	c.Flags().BoolVar(&o.Offline, "offline", false, "ask neither the mail server nor name servers")
	c.Flags().BoolVar(&o.Quick, "quick", false, "do not read the store from end to end")
	return c
}

// doctorConfig tells each mistake of the configuration as a line; nothing else can be looked at.
func (p *program) doctorConfig(err error) error {
	var problems config.Problems
	if !p.json || !errors.As(err, &problems) {
		return err
	}
	var lines []doctor.Line
	for _, m := range problems {
		lines = append(lines, doctor.Ill("configuration", doctor.Fail, "mend it; config/README.md explains every key", "%s", m.String()))
	}
	return errors.Join(p.printJSON(doctorReport{doctor.Fail, lines}), err)
}

// doctorReport is a visit as it is printed with --json.
type doctorReport struct {
	State doctor.State  `json:"state"` // the worst
	Lines []doctor.Line `json:"lines"`
}

func (p *program) printDoctor(lines []doctor.Line) error {
	worst := doctor.Worst(lines)
	if p.json {
		if err := p.printJSON(doctorReport{worst, lines}); err != nil {
			return err
		}
	} else {
		for _, l := range lines {
			fmt.Fprintf(p.out, "%-4s  %-13s %s\n", l.State, l.Part, l.Text)
			if l.Next != "" {
				fmt.Fprintf(p.out, "%20s-> %s\n", "", l.Next)
			}
		}
	}
	switch worst {
	case doctor.Fail:
		return errUnwell
	case doctor.Warn:
		return errPartial
	}
	return nil
}
