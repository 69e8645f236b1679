// Utkik watches the EU for a public authority: it crawls funding calls and consultations, keeps every version, matches
// them to the authority's action plan, and tells each department once a day what changed and why it matters.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"utkik/config"
	"utkik/internal/app"
)

// The exit codes. They are a contract: scripts and schedulers read them.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2 // wrong usage or configuration
	exitPartial = 3 // done, but a source failed, was incomplete or was quarantined; the rest is saved
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program but for the process: it gives the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &program{out: stdout, err: stderr, environ: os.Environ()}
	root := p.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, errPartial) {
		fmt.Fprintln(stderr, "utkik:", err)
	}
	return exitCode(err)
}

// errPartial ends a command that did its work, all but what it has already told.
var errPartial = errors.New("done, but not all of it")

// usageError is a mistake in the command line.
type usageError struct{ error }

func exitCode(err error) int {
	var usage usageError
	var problems config.Problems
	var unknown *app.UnknownError
	var notHeld *app.NotHeldError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errPartial):
		return exitPartial
	case errors.As(err, &usage), errors.As(err, &problems), errors.As(err, &unknown), errors.As(err, &notHeld):
		return exitUsage
	}
	return exitFailed
}

// program is what the commands share: where they write, and the flags that all of them take.
type program struct {
	out, err io.Writer
	environ  []string
	flags    config.Flags
	file     string
	json     bool

	organisation string
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "utkik",
		Short: "Watches EU calls and consultations for a public authority",
		Long: `Utkik watches EU funding calls and consultations for a public authority. It keeps every version, matches calls
to the priorities of the authority's own action plan, says why, and writes each department one digest a day.

Try it, offline and from nothing:  utkik demo`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q; see utkik --help", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(p.out)
	root.SetErr(p.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%v; see %s --help", err, cmd.CommandPath())}
	})
	f := root.PersistentFlags()
	f.StringVar(&p.file, "config", "", "configuration `file` (default utkik.yaml in ., then /etc/utkik/)")
	f.StringVar(&p.flags.Data, "data", "", "`folder` of the store and the index (default ./utkik-data)")
	f.StringVar(&p.organisation, "organisation", "", "act for this `organisation` of the configuration's plans (default the installation's own)")
	f.StringVar(&p.flags.Now, "now", "", "act as if it were this `time` (RFC 3339)")
	f.StringVar(&p.flags.LogLevel, "log-level", "", "debug, info, warn or error (default info)")
	f.StringVar(&p.flags.LogFormat, "log-format", "", "text or json (default text)")
	f.BoolVar(&p.json, "json", false, "print data as JSON")
	root.AddCommand(
		p.demoCommand(), p.crawlCommand(), p.changesCommand(), p.searchCommand(), p.digestCommand(), p.matchCommand(),
		p.importCommand(), p.exportCommand(), p.sourcesCommand(), p.noticesCommand(), p.planCommand(), p.configCommand(), p.reparseCommand(),
		p.reindexCommand(), p.serveCommand(), p.jobsCommand(), p.storeCommand(), p.reportCommand(), p.backupCommand(), p.restoreCommand(), p.doctorCommand(), p.vocabularyCommand(),
		p.recipientsCommand(), p.decideCommand(), p.mcpCommand(), p.outboxCommand(), p.feedsCommand(), p.linksCommand(),
		p.keysCommand(), p.sessionsCommand(), p.auditCommand(),
	)
	for _, c := range root.Commands() {
		wrapArgs(c)
	}
	p.audited(root)
	return root
}

// wrapArgs makes wrong numbers of arguments usage errors, in all commands below c too.
func wrapArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError{fmt.Errorf("%v; see %s --help", err, cmd.CommandPath())}
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
}
