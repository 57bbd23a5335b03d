// Package pluginhost starts source, target and listener plugins as processes of their
// own, keeps watch over them and speaks the plugin contract with them. Nothing runs
// that is not in the lock file; every byte a plugin sends is taken for hostile. The
// package knows nothing of syncs: what is read goes to sinks, what is to be applied
// comes as operations.
//
// Two kinds of things go wrong, and they are never mixed. A *Failure says that the
// remote system refused, or could not be reached; the plugin is fine. A *BrokenPlugin
// says that the plugin itself crashed, broke the contract or could not be started; it
// carries the plugin's last log lines and the text of its panic.
package pluginhost
