"""The only room that speaks to Asterisk: the AMI link, the FastAGI server, channel variables, dial strings.

It must not know what a queue, an agent or a flow is: it carries words to and fro and refuses hostile ones.
"""
